"""What the three emergency fields of an answer say together.

`emergency_status` is the authority: a service on its way counts as switched on, one on its way
out as switched off, a failed one as off; `emergency_enabled` decides only where the status is
null. A status that cannot be read, or that nobody knows, is not guessed at.
"""

from __future__ import annotations

from reconciler.core.values import UNKNOWN, LiveValue

ON_ITS_WAY = frozenset({"provisioning", "deprovisioning"})
FAILED = "provisioning-failed"
_IS_ON = {
    "active": True,
    "provisioning": True,
    "deprovisioning": False,
    "disabled": False,
    FAILED: False,
}


def effective(enabled: LiveValue, status: LiveValue) -> LiveValue:
    """Whether emergency service is on, or on its way to be; UNKNOWN where neither says so."""
    if status is None:
        return enabled
    return _IS_ON.get(status, UNKNOWN) if isinstance(status, str) else UNKNOWN


def end_status(enabled: bool) -> str:
    """The status at which switching on, or off, is done."""
    return "active" if enabled else "disabled"
