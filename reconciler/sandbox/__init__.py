"""The simulated Telnyx numbers API: a stateful account that answers every call of the project.

The law of the room: it is written from the published specification and from nothing else. It
imports nothing of the rest of this package, so that a wrong row in the product's own field table
cannot agree with itself. Where the specification is silent it obeys a switch (`Behaviour`); what
the specification forbids it refuses, and its log says so. Importing this package loads no server.

A test makes one, breaks something, and reads what was asked::

    from reconciler.sandbox.fleet import Fleet, number
    from reconciler.sandbox.faults import Drop, Respond
    from reconciler.sandbox.scripts import Failure
    from reconciler.sandbox.server import RunningSandbox

    fleet = Fleet.of([number("+13125550001", tags=["support"], voice={"translated_number": "7"})])
    with RunningSandbox(fleet) as sandbox:            # .base_url, .api_key, .control, .fleet
        sandbox.control.timing(pending=0.1, running=0.2)                 # how long jobs take
        sandbox.control.fault(Drop(after=True), method="POST", path="jobs")   # a lost answer
        sandbox.control.fault(Respond(status=503), call="list_voice", times=2)
        sandbox.control.script(call="update_job", fail={"+13125550001": Failure(code="10035")})
        sandbox.control.meanwhile("list_numbers", 2, remove=("+13125550001",))  # while paging
        sandbox.control.behave(not_owned="fail", read_delay=0.5)
        ...
        assert sandbox.control.state("+13125550001")["tags"] == ["support"]
        assert sandbox.control.counts() == {"list_voice": 3}
        assert sandbox.control.violations() == []

In process: `Sandbox(fleet, clock=ManualClock()).asgi` under `httpx.ASGITransport`; the clock then
moves only by `clock.advance(seconds)`. `make_fleet(count, seed)` generates a large fleet, `serve`
runs one for the command line. The names of the calls stand in `calls.py`.
"""
