"""Any fleet of plain numbers and anything declared of it, for tests over whole accounts."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from reconciler.sandbox.fleet import number
from reconciler.sandbox.state import Row
from tests.apply.account import PROFILE, TRUNK

whole_accounts = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # a failure is told at once, not made small first
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""How often a whole account is made up: each example is an apply."""

NUMBERS = tuple(f"+1312555{each:04}" for each in range(12))
GROUP = "62e4bf2e-c278-4282-b524-488d9c9c43b2"
TARGET = "+13035559123"
TAGS = ("a", "b", "Ü", "legacy")
SCREENING = ("disabled", "reject_calls", "flag_calls")

flags = st.booleans()
tag_lists = st.lists(st.sampled_from(TAGS), unique=True, max_size=3)


def some(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with any of these keys."""
    return st.fixed_dictionaries({}, optional=values)


def forwarding(is_on: bool) -> dict[str, Any]:
    """A number that forwards, or one that could."""
    return {
        "call_forwarding_enabled": is_on,
        "forwarding_type": "always",
        "forwards_to": TARGET,
    }


live_voice = some(
    {
        "inbound_call_screening": st.sampled_from(SCREENING),
        "tech_prefix_enabled": flags,
        "translated_number": st.sampled_from([None, "7", "+13035559999"]),
        "usage_payment_method": st.sampled_from(["pay-per-minute", "channel"]),
        "caller_id_name_enabled": flags,
        "call_forwarding": st.builds(forwarding, flags),
        "call_recording": some(
            {
                "inbound_call_recording_enabled": flags,
                "inbound_call_recording_format": st.sampled_from(["wav", "mp3"]),
                "inbound_call_recording_channels": st.sampled_from(["single", "dual"]),
            }
        ),
        "cnam_listing": st.sampled_from(
            [{}, {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}]
        ),
        "media_features": some(
            {"rtp_auto_adjust_enabled": flags, "t38_fax_gateway_enabled": flags}
        ),
    }
)
live_settings = some(
    {
        "tags": tag_lists,
        "connection_id": st.sampled_from([None, TRUNK]),
        "billing_group_id": st.sampled_from([None, GROUP]),
        "customer_reference": st.sampled_from([None, "desk-1"]),
        "external_pin": st.sampled_from([None, "4711"]),
        "hd_voice_enabled": flags,
        "voice": live_voice,
        "messaging": some({"messaging_profile_id": st.sampled_from([None, PROFILE])}),
    }
)
wanted_voice = some(
    {
        "inbound_call_screening": st.sampled_from(SCREENING),
        "tech_prefix_enabled": flags,
        "translated_number": st.sampled_from([None, "8"]),
        "usage_payment_method": st.sampled_from(["pay-per-minute", "channel"]),
        "caller_id_name_enabled": flags,
        "call_forwarding": st.sampled_from(
            [forwarding(True), {"call_forwarding_enabled": False, "forwards_to": None}]
        ),
        "call_recording": some(
            {
                "inbound_call_recording_enabled": flags,
                "inbound_call_recording_format": st.sampled_from(["wav", "mp3"]),
            }
        ),
        "cnam_listing": st.sampled_from(
            [
                {"cnam_listing_enabled": True, "cnam_listing_details": "ACME SUPPORT"},
                {"cnam_listing_enabled": False, "cnam_listing_details": None},
            ]
        ),
        "media_features": some({"accept_any_rtp_packets_enabled": flags}),
    }
)
wanted_settings = some(
    {
        "tags": st.one_of(
            st.none(),
            tag_lists,
            st.sampled_from([{"add": ["b"], "remove": ["legacy"]}, {"add": ["a", "Ü"]}]),
        ),
        "connection_id": st.sampled_from([None, TRUNK]),
        "billing_group_id": st.sampled_from([None, GROUP]),
        "customer_reference": st.sampled_from([None, "desk-1", "desk-2"]),
        "external_pin": st.sampled_from([None, "4712"]),
        "hd_voice_enabled": flags,
        "voice": wanted_voice,
        "messaging": some(
            {
                "messaging_profile_id": st.sampled_from([None, PROFILE]),
                "messaging_product": st.sampled_from(["A2P", "P2P"]),
            }
        ),
    }
)
fleets = st.lists(live_settings, min_size=1, max_size=len(NUMBERS)).map(
    lambda each: [number(name, **row) for name, row in zip(NUMBERS, each, strict=False)]
)
groups = st.fixed_dictionaries({"base": wanted_settings, "over": wanted_settings})
own = st.fixed_dictionaries(
    {},
    optional={
        "settings": wanted_settings,
        "groups": st.lists(st.sampled_from(["base", "over"]), unique=True, max_size=2),
    },
)
declarations = st.lists(own, min_size=1, max_size=len(NUMBERS))
answers = st.fixed_dictionaries(
    {
        "nested": st.sampled_from(["merge", "replace"]),
        "plain_unset": st.sampled_from(["omit", "empty"]),
        "slim_tags": st.sampled_from(["on-request", "never"]),
    }
)


def leaves(settings_: dict[str, Any], above: str = "") -> set[str]:
    """The paths that a declaration manages."""
    found: set[str] = set()
    for name, value in settings_.items():
        path = f"{above}{name}"
        nested = isinstance(value, dict) and path != "tags"
        found |= leaves(value, f"{path}.") if nested else {path}
    return found


def declared(
    rows: list[Row], shared: dict[str, Any], wanted: list[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, set[str]]]:
    """The numbers of the YAML, and the paths that each of them manages."""
    numbers: dict[str, Any] = {}
    paths: dict[str, set[str]] = {}
    for row, each in zip(rows, wanted, strict=False):
        name, own_settings = row.phone_number, each.get("settings", {})
        numbers[name] = {**own_settings, "groups": each.get("groups", [])}
        paths[name] = leaves(own_settings).union(
            *(leaves(shared[group]) for group in each.get("groups", []))
        )
    return numbers, paths
