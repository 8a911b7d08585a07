"""What the specification leaves open, one switch for each question.

The real service answers every one of these in some way; nobody outside knows which. The defaults
are the likeliest readings. A client is safe when its tests pass under each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How this sandbox answers where the specification does not say.

    Reading:

    `nullable_unset`: an unset value in a schema that allows null is null, "" or left out.
    `plain_unset`: an unset value in a schema that does not (slim, voice) is left out or "".
    `slim_tags`: whether the slim list carries tags when asked (its schema has none).
    `sort`: whether `sort` is honoured; when ignored, every list is newest first.
    `read_delay`: seconds during which a read still shows what stood before a write.
    `spelling`: "legacy" writes `port_pending`, `tollfree` and `long-code`.
    `shows_write_only`: full rows carry `bundle_id` and `address_id`, which no schema has.
    `error_style`: "loose" sends error codes as integers and sources as plain text.
    `rate_header`: "window" writes `x-ratelimit-limit: 2000, 2000;w=1`.
    `job_echoes_parameters`: a job answer repeats the values sent, PINs included.

    Writing:

    `nested`: a nested object of a voice write merges into what stands, or replaces it, absent
        siblings getting the documented defaults (`call_forwarding_enabled` is then true).
    `tags`: the tags of a write replace what stands, or are added to it.
    `ignored_clears`: fields for which "" is answered 200 and changes nothing.
    `forward_only_connection`: switching forwarding on moves the number to a connection of the
        provider's own.
    `unknown_fields`: a body field the schema lacks is refused, or answered 200 and ignored.
    `inactive_numbers`: a write to a number that is not active is refused or accepted.
    `noise_suppression_on`: what a mobile number reads as after `noise_suppression: true`.

    Jobs and orders:

    `not_owned`: one number that is not owned rejects the job, or comes back as failed.
    `empty_job`: an update job with an empty `phone_numbers` is refused, or updates every number.
    `job_with_failures`: the status of a job that ended with failed operations.
    `bulk_not_owned`: as `not_owned`, for the messaging bulk order.
    `bulk_resets_product`: a bulk order without `assign_only` resets the messaging product.
    `bulk_maximum`: how many numbers an order may hold (the specification names no limit).

    Emergency:

    `emergency_action`: the action answers 202 and provisions, or 200 and is active at once.
    `emergency_enabled_while_provisioning`: whether `emergency_enabled` is true before the status
        is active ("... where it either is being provisioned or deprovisioned but is not yet
        enabled/disabled").
    `emergency_off_keeps_address`: whether the address stays on the number when switched off.
    """

    nullable_unset: Literal["null", "empty", "omit"] = "null"
    plain_unset: Literal["omit", "empty"] = "omit"
    slim_tags: Literal["on-request", "never"] = "on-request"
    sort: Literal["honoured", "ignored"] = "honoured"
    read_delay: float = 0.0
    spelling: Literal["documented", "legacy"] = "documented"
    shows_write_only: bool = False
    error_style: Literal["documented", "loose"] = "documented"
    rate_header: Literal["plain", "window"] = "plain"
    job_echoes_parameters: bool = False

    nested: Literal["merge", "replace"] = "merge"
    tags: Literal["replace", "add"] = "replace"
    ignored_clears: frozenset[str] = frozenset()
    forward_only_connection: bool = False
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    inactive_numbers: Literal["refuse", "accept"] = "refuse"
    noise_suppression_on: Literal["both", "inbound", "outbound"] = "both"

    not_owned: Literal["reject", "fail"] = "reject"
    empty_job: Literal["refuse", "everything"] = "refuse"
    job_with_failures: Literal["completed", "failed"] = "completed"
    bulk_not_owned: Literal["fail", "reject"] = "fail"
    bulk_resets_product: bool = False
    bulk_maximum: int | None = None

    emergency_action: Literal["requested", "immediate"] = "requested"
    emergency_enabled_while_provisioning: bool = False
    emergency_off_keeps_address: bool = True
