"""`export` writes what a person would have: blocks, templates, defaults, groups with a meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from reconciler.core import units
from reconciler.core.scope import Scope
from reconciler.sandbox.fleet import number
from reconciler.sandbox.generate import make_fleet
from reconciler.sandbox.state import Number
from reconciler.workflow.exporting import Manner, export_new
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.export.support import exported, says_no_changes, snapshot_of

SITES = {"chicago": ("101", "501"), "boston": ("102", "502"), "denver": ("103", "503")}


def phone(at: int, **settings: Any) -> Number:
    """The number at a place: +13125550001 is at 1."""
    return number(f"+1312{5_550_000 + at}", **settings)


def written(*numbers: Number, by: str = "") -> dict[str, Any]:
    """What an export says, by file."""
    files = export_new(snapshot_of(numbers), Scope(), Manner(by)).files
    return {name: yaml.safe_load(text) for name, text in files.items() if name.endswith(".yaml")}


def said_of(*numbers: Number) -> dict[str, Any]:
    """What it says of the numbers, by key."""
    found: dict[str, Any] = written(*numbers)["numbers/numbers.yaml"]["numbers"]
    return found


def at_sites() -> list[Number]:
    """Scattered numbers of three sites, which differ in what a site has."""
    return [
        phone(
            3 * (20 * place + at),
            tags=[site, "support" if at % 2 else "sales"],
            connection_id=trunk,
            emergency={"emergency_enabled": True, "emergency_address_id": address},
            customer_reference=f"of {at}",
        )
        for place, (site, (trunk, address)) in enumerate(SITES.items())
        for at in range(20)
    ]


# ---- blocks ---------------------------------------------------------------------------------


def test_numbers_in_a_row_that_are_alike_are_a_block() -> None:
    said = said_of(*(phone(at, tags=["a"]) for at in range(1, 6)), phone(8, tags=["a"]))
    assert list(said) == ["+13125550001..+13125550005", "+13125550008"]


def test_two_in_a_row_are_no_block_yet() -> None:
    assert list(said_of(phone(1), phone(2))) == ["+13125550001", "+13125550002"]


def test_the_odd_one_in_a_block_overrides_it() -> None:
    said = said_of(
        *(phone(at, customer_reference="desk" if at != 4 else "front") for at in range(1, 9))
    )
    assert said["+13125550004"] == {"overrides": True, "customer_reference": "front"}
    assert list(said) == ["+13125550001..+13125550008", "+13125550004"]


def test_the_odd_one_clears_what_the_block_gives_and_it_has_not() -> None:
    said = said_of(
        *(phone(at, customer_reference=None if at == 4 else "desk") for at in range(1, 9)),
        *(phone(at, customer_reference="other") for at in range(20, 60, 2)),
    )
    assert said["+13125550004"] == {"overrides": True, "customer_reference": None}


def test_two_halves_of_a_row_are_two_blocks() -> None:
    said = said_of(*(phone(at, customer_reference="b" if at > 4 else "a") for at in range(1, 9)))
    assert list(said) == ["+13125550001..+13125550004", "+13125550005..+13125550008"]


def test_numbers_that_alternate_are_no_block() -> None:
    said = said_of(*(phone(at, customer_reference=str(at % 2)) for at in range(1, 9)))
    assert not any(".." in key for key in said)


def test_numbers_that_alternate_are_not_followed_to_their_end_from_each_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []

    def counted(looks: Sequence[int], start: int, most: int) -> int:
        looked.append(start)
        return end_of_run(looks, start, most)

    end_of_run = units._end_of_run
    monkeypatch.setattr(units, "_end_of_run", counted)
    said = said_of(*(phone(at, customer_reference=str(at % 2)) for at in range(1, 801)))
    assert (len(said), len(looked) < 800 * 150) == (800, True)


def test_a_block_ends_where_the_length_of_the_numbers_does() -> None:
    numbers = ["+9999998", "+9999999", "+10000000", "+10000001", "+10000002", "+10000003"]
    said = said_of(*(number(each) for each in numbers))
    assert list(said) == ["+9999998", "+9999999", "+10000000..+10000003"]


# ---- templates ------------------------------------------------------------------------------


def test_texts_that_hold_the_last_digits_are_one_template() -> None:
    said = written(*(phone(at, customer_reference=f"desk-{at:04}") for at in range(1, 9)))
    assert list(said["numbers/numbers.yaml"]["numbers"]) == ["+13125550001..+13125550008"]
    (entry,) = said["numbers/numbers.yaml"]["numbers"].values()
    assert entry["customer_reference"] == "desk-{last4}"


def test_a_literal_brace_beside_a_template_is_doubled() -> None:
    (entry,) = said_of(
        *(phone(at, customer_reference=f"{{x}} +1312555{at:04}") for at in range(1, 9))
    ).values()
    assert entry["customer_reference"] == "{{x}} {number}"


def test_one_text_that_happens_to_hold_the_digits_is_no_template() -> None:
    said = said_of(phone(1, customer_reference="room 0001"), phone(3, customer_reference="hall"))
    assert said["+13125550001"]["customer_reference"] == "room 0001"


# ---- defaults and groups --------------------------------------------------------------------


def test_what_nearly_all_have_is_a_default_and_the_others_say_so() -> None:
    said = written(
        *(phone(2 * at, hd_voice_enabled=at != 3, customer_reference=f"of {at}") for at in range(9))
    )
    assert said["reconciler.yaml"]["defaults"]["hd_voice_enabled"] is True
    assert said["numbers/numbers.yaml"]["numbers"]["+13125550006"] == {
        "hd_voice_enabled": False,
        "customer_reference": "of 3",
    }


def test_what_all_of_a_site_have_is_one_group_named_for_the_site() -> None:
    groups = written(*at_sites())["reconciler.yaml"]["groups"]
    assert groups["chicago"] == {
        "connection_id": "101",
        "emergency": {"emergency_enabled": True, "emergency_address_id": "501"},
    }
    assert {"boston", "denver"} < groups.keys()


def test_a_group_gives_what_most_of_its_numbers_have_and_the_exceptions_say_their_own() -> None:
    said = written(
        *(
            phone(
                3 * at,
                tags=["sales" if at % 2 else "support"],
                connection_id="101" if at % 2 and at != 7 else "102",
                customer_reference=f"of {at}",
            )
            for at in range(40)
        )
    )
    assert said["reconciler.yaml"]["groups"]["sales"] == {"tags": ["sales"], "connection_id": "101"}
    odd = said["numbers/numbers.yaml"]["numbers"]["+13125550021"]
    assert (odd["groups"], odd["connection_id"]) == (["sales"], "102")


def test_a_value_of_two_numbers_is_no_group() -> None:
    said = written(*(phone(3 * at, tags=["rare" if at < 2 else f"t{at}"]) for at in range(9)))
    assert "groups" not in said["reconciler.yaml"]


def test_a_file_of_its_own_has_defaults_of_its_own() -> None:
    said = written(*at_sites(), by="connection")["numbers/connection-101.yaml"]
    assert said["defaults"]["connection_id"] == "101"


def test_a_group_for_what_a_country_has_is_named_for_it() -> None:
    said = written(
        *(
            phone(
                3 * at,
                country_iso_alpha2="DE" if at % 2 else "US",
                connection_id="101" if at % 2 else "102",
                billing_group_id="201" if at % 2 else "202",
                customer_reference=f"of {at}",
            )
            for at in range(20)
        )
    )
    assert said["reconciler.yaml"]["groups"].keys() == {"de", "us"}


# ---- whole accounts -------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["", "tag", "country", "connection"])
@pytest.mark.parametrize("seed", [1, 2])
def test_from_an_account_of_random_numbers_nothing_differs(
    make_account: MakeAccount, reconciler: Shell, seed: int, by: str
) -> None:
    make_account(fleet=make_fleet(300, seed=seed))
    files = exported(reconciler, *(["--split", by] if by else []))
    assert says_no_changes(reconciler)
    assert reconciler("fmt", "--check", "out").code == 0
    assert sum(text.count("\n") for text in files.values()) < 2.6 * 303
