"""Desired state for Telnyx phone numbers, kept in Git."""

__version__ = "0.1.0"
