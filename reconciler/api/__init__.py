"""Every byte to and from the API passes here.

The law of the room: the read client cannot write, not even by mistake, for its transport
refuses; a write is sent once, and what became of it is one of four values, never a guess; all
calls of a run share one limiter (`limiter`), which also says how many may be at work (`places`);
`line` alone touches the network to read, `by_httpx` to write, and through a proxy; texts of the
service are bounded, redacted and neutral before they leave.
"""
