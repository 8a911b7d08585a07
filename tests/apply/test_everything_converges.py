"""Any fleet of both kinds and any declaration of every field: applied, a fresh plan is empty,
what nobody declared has not moved by a byte, and every request was a valid one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import workflow
from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind
from reconciler.core.safety import Allowance
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.state import Row
from reconciler.workflow import Options
from tests.apply import anyfleet as plain
from tests.apply.account import TRUNK, Account, masked
from tests.apply.anyfleet import flags, forwarding, leaves, some, tag_lists, whole_accounts

NUMBERS = tuple(f"+1312555{each:04}" for each in range(9))
CELLS = tuple(f"+1312556{each:04}" for each in range(5))
HQ, BRANCH = "53829456729313", "53829456729314"
APP, OTHER_APP = "1293384261075731499", "1293384261075731500"
BUNDLE = "5194d8fc-87e6-4188-baa9-1c434bbe861b"
ADDRESS = "dc8f39ac-953d-4520-b93b-786ae87db0da"
EVERYTHING = frozenset(Allowance)
STATUSES = ("active", "provisioning", "provisioning-failed", "deprovisioning", "disabled")


def both(
    one: st.SearchStrategy[dict[str, Any]], two: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    """The keys of two mappings in one."""
    return st.builds(lambda first, second: {**first, **second}, one, two)


def choice(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


# ---- numbers ------------------------------------------------------------------------------------

live_number = both(
    plain.live_settings,
    some(
        {
            "deletion_lock_enabled": flags,
            "bundle_id": choice(None, BUNDLE),
            "address_id": choice(None, ADDRESS),
            "emergency": st.builds(
                lambda status, address: {
                    "emergency_enabled": status in {"active", "deprovisioning"},
                    "emergency_address_id": address,
                    "emergency_status": status,
                },
                choice(*STATUSES),
                choice(HQ, BRANCH),
            ),
        }
    ),
)
wanted_voice = both(
    plain.wanted_voice,
    some(
        {
            "call_recording": some(
                {
                    "inbound_call_recording_enabled": flags,
                    "inbound_call_recording_format": choice("wav", "mp3"),
                    "inbound_call_recording_channels": choice("single", "dual"),
                }
            ),
            "media_features": some(
                {
                    "rtp_auto_adjust_enabled": flags,
                    "accept_any_rtp_packets_enabled": flags,
                    "t38_fax_gateway_enabled": flags,
                }
            ),
        }
    ),
)
wanted_number = both(
    plain.wanted_settings,
    some(
        {
            "deletion_lock_enabled": flags,
            "bundle_id": choice(None, BUNDLE),
            "address_id": choice(None, ADDRESS),
            "voice": wanted_voice,
            "emergency": choice(
                {"emergency_enabled": True, "emergency_address_id": HQ},
                {"emergency_enabled": True, "emergency_address_id": BRANCH},
                {"emergency_enabled": False},
            ),
        }
    ),
)

# ---- mobile numbers -----------------------------------------------------------------------------

cell_recording = some(
    {
        "inbound_call_recording_enabled": flags,
        "inbound_call_recording_format": choice("wav", "mp3"),
        "inbound_call_recording_channels": choice("single", "dual"),
    }
)
shared_by_both = {
    "connection_id": choice(None, TRUNK),
    "customer_reference": choice(None, "van-7", "van-8"),
    "inbound_call_screening": choice("disabled", "reject_calls", "flag_calls"),
    "noise_suppression": choice("disabled", "both"),
    "caller_id_name_enabled": flags,
    "call_recording": cell_recording,
    "inbound": some({"interception_app_id": choice(None, APP, OTHER_APP)}),
    "outbound": some({"interception_app_id": choice(None, APP, OTHER_APP)}),
}
live_cell = some(
    {
        **shared_by_both,
        "tags": tag_lists,
        "call_forwarding": st.builds(forwarding, flags),
        "cnam_listing": choice({}, {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}),
    }
)
wanted_cell = some(
    {
        **shared_by_both,
        "tags": st.one_of(
            st.none(), tag_lists, choice({"add": ["b"], "remove": ["legacy"]}, {"add": ["Ü"]})
        ),
        "call_forwarding": choice(
            forwarding(True),
            {"call_forwarding_enabled": False, "forwards_to": None},
            {"call_forwarding_enabled": False, "forwarding_type": None, "forwards_to": None},
        ),
        "cnam_listing": choice(
            {"cnam_listing_enabled": True, "cnam_listing_details": "ACME SUPPORT"},
            {"cnam_listing_enabled": False, "cnam_listing_details": None},
        ),
    }
)


def own(
    wanted: st.SearchStrategy[dict[str, Any]], *groups: str
) -> st.SearchStrategy[dict[str, Any]]:
    """What a number says: settings of its own, and groups."""
    return st.fixed_dictionaries(
        {"settings": wanted, "groups": st.lists(choice(*groups), unique=True, max_size=2)}
    )


fleets = st.tuples(
    st.lists(live_number, min_size=2, max_size=len(NUMBERS)),
    st.lists(live_cell, min_size=1, max_size=len(CELLS)),
)
declarations = st.tuples(
    st.lists(own(wanted_number, "base", "over"), min_size=1, max_size=len(NUMBERS)),
    st.lists(own(wanted_cell, "cells", "cells-over"), min_size=1, max_size=len(CELLS)),
)
groups_of_both = st.fixed_dictionaries(
    {"base": wanted_number, "over": wanted_number, "cells": wanted_cell, "cells-over": wanted_cell}
)
answers = st.fixed_dictionaries(
    {
        "nested": choice("merge", "replace"),
        "plain_unset": choice("omit", "empty"),
        "nullable_unset": choice("null", "empty"),
        "shows_write_only": flags,
        "emergency_action": choice("requested", "immediate"),
        "emergency_enabled_while_provisioning": flags,
        "emergency_off_keeps_address": flags,
    }
)


def test_these_declarations_can_hold_every_field() -> None:
    def reached(strategy_paths: set[str], kind: Kind) -> set[str]:
        return {path for path, row in BY_PATH[kind].items() if row.writes} - strategy_paths

    number_paths = {
        *("tags", "connection_id", "billing_group_id", "customer_reference", "external_pin"),
        *("hd_voice_enabled", "deletion_lock_enabled", "bundle_id", "address_id"),
    }
    nested = {path for path in BY_PATH[Kind.NUMBER] if "." in path}
    cell = leaves(
        {
            **dict.fromkeys(shared_by_both, None),
            "tags": None,
            "call_forwarding": forwarding(True),
            "cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"},
            "call_recording": {
                "inbound_call_recording_enabled": True,
                "inbound_call_recording_format": "wav",
                "inbound_call_recording_channels": "dual",
            },
            "inbound": {"interception_app_id": APP},
            "outbound": {"interception_app_id": APP},
        }
    )
    assert (reached(number_paths | nested, Kind.NUMBER), reached(cell, Kind.MOBILE)) == (
        set(),
        set(),
    )


def declared(
    names: tuple[str, ...], groups: dict[str, Any], wanted: list[dict[str, Any]], live: int
) -> tuple[dict[str, Any], dict[str, set[str]]]:
    """The numbers of the YAML, and the paths that each of them manages."""
    numbers: dict[str, Any] = {}
    paths: dict[str, set[str]] = {}
    for name, each in zip(names[:live], wanted, strict=False):
        numbers[name] = {**each["settings"], "groups": each["groups"]}
        paths[name] = leaves(each["settings"]).union(
            *(leaves(groups[group]) for group in each["groups"])
        )
        if any(path.startswith("emergency.") for path in paths[name]):
            # What is declared of the service moves all that is said of it.
            paths[name] |= {path for path in BY_PATH[Kind.NUMBER] if path.startswith("emergency.")}
    return numbers, paths


@whole_accounts
@given(
    live=fleets,
    groups=groups_of_both,
    wanted=declarations,
    switches=answers,
    job_size=st.integers(1, 9),
)
def test_an_apply_makes_any_declaration_of_every_field_true_and_touches_nothing_else(
    tmp_path: Path,
    live: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    groups: dict[str, Any],
    wanted: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    switches: dict[str, Any],
    job_size: int,
) -> None:
    numbers, paths = declared(NUMBERS, groups, wanted[0], len(live[0]))
    cells, cell_paths = declared(CELLS, groups, wanted[1], len(live[1]))
    rows: list[Row] = [number(name, **row) for name, row in zip(NUMBERS, live[0], strict=False)]
    rows += [mobile_number(name, **row) for name, row in zip(CELLS, live[1], strict=False)]
    managed = {**paths, **cell_paths}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        account = Account(tmp_path, patch, rows, **switches)
        account.control.timing(pending=1.0, running=2.0, emergency=400.0)
        account.declare(numbers, mobile_numbers=cells, groups=groups, limits={"job_size": job_size})
        before = masked(account.control.dump(), managed)
        outcome = account.apply(allow=EVERYTHING)
        assert outcome.converged, outcome
        assert masked(account.control.dump(), managed) == before
        assert account.control.violations() == []
        again = account.do(workflow.drift(account.root, Options(allow=EVERYTHING)))
        assert not again.plan.has_drift, again.plan.difference
