"""A placeholder to be replaced."""
