"""explain, schema and init."""
