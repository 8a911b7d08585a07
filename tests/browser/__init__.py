"""The page of a report in a real Chromium; skipped where there is none."""
