"""Data -> text, pure: nothing in here reads, writes, or knows a terminal.

Every string that came from YAML or the API passes `core.text.neutral` before it is shown.
"""
