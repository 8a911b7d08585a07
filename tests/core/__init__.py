"""The pure core: what the files declare, and what the catalogue says of the API."""
