"""Figures, never assertions: `make bench` prints what each step costs, and ratios to a peer."""
