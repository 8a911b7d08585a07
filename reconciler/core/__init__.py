"""The pure core: no network, disk, clock or stdout, so that everything in it can be replayed.

Values come in canonical (`values`), leave as data, and nothing is changed in place. `policy` holds
the rules that hold changes back, `refusing` those that refuse an apply; `policies`, and `judging`
with them, those that a user states.
"""
