"""Filters of the listings, each as the specification describes it.

A filter is made from its text and gives a test on one row; a text that the specification does
not allow is refused when the filter is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.sandbox.fleet import Fleet
from reconciler.sandbox.problems import invalid
from reconciler.sandbox.state import Number

Keep = Callable[[Number], bool]
Filter = Callable[[str, str, Fleet], Keep]
"""(parameter, text, fleet) -> test."""

STATUSES = (
    "purchase-pending",
    "purchase-failed",
    "port-pending",
    "active",
    "deleted",
    "port-failed",
    "emergency-only",
    "ported-out",
    "port-out-pending",
)
# The slim list alone spells one of them with an underscore.
SLIM_STATUSES = tuple(status.replace("port-pending", "port_pending") for status in STATUSES)
NUMBER_TYPES = ("local", "national", "toll_free", "mobile", "shared_cost")
SOURCES = {"ported": "port_request", "purchased": "number_order"}
PAYMENT = ("pay-per-minute", "channel")


def _one_of(parameter: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise invalid(f"must be one of: {', '.join(choices)}", parameter=parameter)
    return text


def by_digits(parameter: str, text: str, fleet: Fleet) -> Keep:
    """ "Requires at least three digits. Non-numerical characters will result in no values"."""
    del fleet
    if not (text.isascii() and text.isdigit()):
        return lambda _: False
    if len(text) < 3:
        raise invalid("requires at least three digits", parameter=parameter)
    return lambda row: text in row.phone_number


def by_tag(parameter: str, text: str, fleet: Fleet) -> Keep:
    """One tag, whole."""
    del parameter, fleet
    return lambda row: text in row.tags


def without_tags(parameter: str, text: str, fleet: Fleet) -> Keep:
    """ "When set to 'true', filters for phone numbers that do not have any tags applied"."""
    del fleet
    if _one_of(parameter, text, ("true", "false")) == "true":
        return lambda row: not row.tags
    return lambda _: True


def by_status(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The status, hyphenated."""
    del fleet
    _one_of(parameter, text, STATUSES)
    return lambda row: row.status == text


def by_slim_status(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The status in the slim list's own spelling."""
    del fleet
    wanted = _one_of(parameter, text, SLIM_STATUSES).replace("_", "-")
    return lambda row: row.status == wanted


def by_country(parameter: str, text: str, fleet: Fleet) -> Keep:
    """One country, or several with commas between (the SDK's way to write an array)."""
    del parameter, fleet
    wanted = frozenset(text.split(","))
    return lambda row: row.country_iso_alpha2 in wanted


def by_connection(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The connection's id."""
    del parameter, fleet
    return lambda row: row.connection_id == text


def by_payment(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The usage payment method."""
    del fleet
    _one_of(parameter, text, PAYMENT)
    return lambda row: row.voice.usage_payment_method == text


def by_billing_group(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The billing group; "no billing group" is "the string 'null'"."""
    del parameter, fleet
    wanted = None if text == "null" else text
    return lambda row: row.billing_group_id == wanted


def by_emergency_address(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The emergency address; "no emergency address" is "the string 'null'"."""
    del parameter, fleet
    wanted = None if text == "null" else text
    return lambda row: row.emergency.emergency_address_id == wanted


def by_reference(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The customer reference, whole."""
    del parameter, fleet
    return lambda row: row.customer_reference == text


def by_type(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The number's type."""
    del fleet
    _one_of(parameter, text, NUMBER_TYPES)
    return lambda row: row.phone_number_type == text


def by_source(parameter: str, text: str, fleet: Fleet) -> Keep:
    """ "Use 'ported' for numbers ported from other carriers, or 'purchased'"."""
    del fleet
    wanted = SOURCES[_one_of(parameter, text, tuple(SOURCES))]
    return lambda row: row.source_type == wanted


def by_bundle(parameter: str, text: str, fleet: Fleet) -> Keep:
    """Numbers that have a bundle, or have none."""
    del fleet
    wanted = _one_of(parameter, text, ("true", "false")) == "true"
    return lambda row: (row.bundle_id is not None) == wanted


def _by_connection_name(matches: Callable[[str, str], bool], at_least: int) -> Filter:
    def made(parameter: str, text: str, fleet: Fleet) -> Keep:
        if len(text) < at_least:
            raise invalid("requires at least three characters", parameter=parameter)
        return lambda row: matches(fleet.connection_name(row.connection_id) or "", text)

    return made


def by_profile(parameter: str, text: str, fleet: Fleet) -> Keep:
    """The messaging profile."""
    del parameter, fleet
    return lambda row: row.messaging.messaging_profile_id == text


def by_exact_numbers(parameter: str, text: str, fleet: Fleet) -> Keep:
    """ "Filter by exact phone number (supports comma-separated list)"."""
    del parameter, fleet
    wanted = frozenset(text.split(","))
    return lambda row: row.phone_number in wanted


def by_substring(parameter: str, text: str, fleet: Fleet) -> Keep:
    """ "Filter by phone number substring"."""
    del parameter, fleet
    return lambda row: text in row.phone_number


def by_messaging_type(parameter: str, text: str, fleet: Fleet) -> Keep:
    """tollfree, longcode or shortcode."""
    del fleet
    tollfree = _one_of(parameter, text, ("tollfree", "longcode", "shortcode")) == "tollfree"
    if text == "shortcode":
        return lambda _: False
    return lambda row: (row.phone_number_type == "toll_free") == tollfree


_CONTAINS = _by_connection_name(lambda name, text: text in name, 3)

_NAMES: Mapping[str, Filter] = {
    "filter[voice.connection_name][contains]": _CONTAINS,
    "filter[voice.connection_name][starts_with]": _by_connection_name(str.startswith, 3),
    "filter[voice.connection_name][ends_with]": _by_connection_name(str.endswith, 3),
    "filter[voice.connection_name][eq]": _by_connection_name(str.__eq__, 0),
}

_COMMON: Mapping[str, Filter] = {
    "filter[tag]": by_tag,
    "filter[phone_number]": by_digits,
    "filter[status]": by_status,
    "filter[connection_id]": by_connection,
    "filter[voice.usage_payment_method]": by_payment,
    "filter[billing_group_id]": by_billing_group,
    "filter[emergency_address_id]": by_emergency_address,
    "filter[customer_reference]": by_reference,
    **_NAMES,
}

FULL: Mapping[str, Filter] = {
    **_COMMON,
    "filter[country_iso_alpha2]": by_country,
    "filter[number_type][eq]": by_type,
    "filter[source]": by_source,
    "filter[without_tags]": without_tags,
}

SLIM: Mapping[str, Filter] = {
    **{name: made for name, made in FULL.items() if name != "filter[without_tags]"},
    "filter[status]": by_slim_status,
}

VOICE: Mapping[str, Filter] = {
    "filter[phone_number]": by_digits,
    "filter[connection_name][contains]": _CONTAINS,
    "filter[customer_reference]": by_reference,
    "filter[voice.usage_payment_method]": by_payment,
}

MESSAGING: Mapping[str, Filter] = {
    "filter[messaging_profile_id]": by_profile,
    "filter[phone_number]": by_exact_numbers,
    "filter[phone_number][contains]": by_substring,
    "filter[type]": by_messaging_type,
}

UPDATE_JOB: Mapping[str, Filter] = {**_COMMON, "filter[has_bundle]": by_bundle}
