"""A background job of the account, as its report shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import ApiErrorItem

ENDED = frozenset({"completed", "failed", "expired"})


@dataclass(frozen=True, slots=True)
class Job:
    """One job. The numbers are as the API names them: E.164, or an id; texts are redacted."""

    id: str
    type: str
    status: str
    created_at: str
    etc: str
    numbers: int
    done: tuple[str, ...]
    failed: Mapping[str, tuple[ApiErrorItem, ...]]
    pending: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether it has ended, and no number failed or was left."""
        return self.status == "completed" and not self.failed and not self.pending
