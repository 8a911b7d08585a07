"""Carrying out a plan: the only room that writes.

For each operation: journal the intent; read its numbers again and compare them with what the plan
was made from; send it once; journal the answer; wait for its job; read every field back. Only a
value that was read back counts as applied. What was lost on the way is settled by reading, and
sent again only where it did not happen. `lineup` says which operation begins when, `looks` lets one
reading serve several, and every write leaves by one seam, `run.Applier._send`.
"""

from reconciler.apply.control import Stop, Watcher
from reconciler.apply.desk import Context
from reconciler.apply.hurry import Door, Haste, LastCalls
from reconciler.apply.run import Applier

__all__ = ["Applier", "Context", "Door", "Haste", "LastCalls", "Stop", "Watcher"]
