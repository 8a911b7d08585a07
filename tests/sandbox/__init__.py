"""The simulated API against its specification."""
