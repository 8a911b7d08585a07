"""Every fault of the service and the machine, and every kind of bad input, by its own name.

`table.md` maps each to its tests; the tests here meet it as a user does, at the command line. What
else there is to say of it stands in the tests of the rooms, which the table names too.
"""
