"""The live account as YAML."""
