"""The real reading and writing code, at full speed, against servers that allow R calls a second."""
