"""Every byte to and from the API passes here.

The law of the room: the read client cannot write, not even by mistake, for its transport
refuses; a write is sent once, and what became of it is one of four values, never a guess; all
calls of a run share one limiter (`limiter`), which also says how many may be at work (`places`);
`line` alone touches the network, but for the way through a proxy; texts of the service are bounded,
redacted and neutral before they leave.
"""

import sys

# httpx loads a command line of its own, with rich and pygments: two thirds of the time it takes to
# load, for a command that nobody calls here. A module that is None is one that is not there, to
# Python, and httpx does without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # typeshed knows of no None
