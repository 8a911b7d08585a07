"""--target, --tag and --only: repeats of one widen, different ones narrow."""

from __future__ import annotations

import pytest

from reconciler.core.fields import Kind, Listing
from reconciler.core.model import Desired
from reconciler.core.scope import (
    Scope,
    Section,
    by_section,
    by_tag,
    by_target,
    has_tag_edits,
    paths_of,
    section_of,
)
from tests.plan.world import (
    N1,
    N2,
    N3,
    PROFILE,
    PROFILE_ID,
    SCREENING,
    account,
    compare,
    declare,
    declared,
    phone,
)

FLEET = """
numbers:
  "+13125550001": {tags: [support, chicago], customer_reference: a}
  "+13125550002": {tags: [sales], voice: {tech_prefix_enabled: true}}
  "+13125550003": {tags: {add: [support], remove: [sales]}}
  "+14155550004": {messaging: {messaging_product: A2P}}
  "+14155550005": {tags: null}
"""
N4, N5 = "+14155550004", "+14155550005"


def fleet() -> Desired:
    return declared(FLEET)


def names(desired: Desired) -> list[str]:
    return list(desired.numbers)


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        ((), [N1, N2, N3, N4, N5]),
        ((N2,), [N2]),
        ((N2, N4), [N2, N4]),
        (("+1312*",), [N1, N2, N3]),
        (("+1312*", N5), [N1, N2, N3, N5]),
        (("+1312555000[13]",), [N1, N3]),
        (("*0005", "+?312*2"), [N2, N5]),
        (("+1999*",), []),
        (("+131255500",), []),
    ],
)
def test_targets_are_numbers_or_globs_any_of_which_may_match(
    targets: tuple[str, ...], found: list[str]
) -> None:
    assert names(by_target(fleet(), targets)) == found


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ((), [N1, N2, N3, N4, N5]),
        (("support",), [N1, N3]),
        (("sales",), [N2]),
        (("sales", "chicago"), [N1, N2]),
        (("kept",), [N3]),
        (("Support",), []),
    ],
)
def test_tags_are_the_declared_ones_and_of_an_edit_its_result(
    tags: tuple[str, ...], found: list[str]
) -> None:
    snapshot = account(phone(3, tags=["sales", "kept"]))
    assert names(by_tag(fleet(), tags, snapshot)) == found


def test_an_edit_of_a_number_that_is_not_live_has_the_tags_it_adds() -> None:
    assert names(by_tag(fleet(), ["support"], account())) == [N1, N3]


def test_an_edit_of_tags_that_no_list_holds_has_the_tags_it_adds() -> None:
    found = phone(3)
    messaging_only = account(found, lists=(Listing.MESSAGING,))
    assert names(by_tag(fleet(), ["support"], messaging_only)) == [N1, N3]


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ((), [N1, N2, N3, N4, N5]),
        ((Section.TAGS,), [N1, N2, N3, N5]),
        ((Section.NUMBER,), [N1]),
        ((Section.VOICE,), [N2]),
        ((Section.VOICE, Section.MESSAGING), [N2, N4]),
        ((Section.EMERGENCY,), []),
    ],
)
def test_sections_keep_the_numbers_that_manage_something_of_them(
    only: tuple[Section, ...], found: list[str]
) -> None:
    assert names(by_section(fleet(), only)) == found


def test_a_section_leaves_only_its_own_fields() -> None:
    cut = by_section(fleet(), [Section.NUMBER, Section.VOICE])
    assert {n: each.settings.as_dict() for n, each in cut.numbers.items()} == {
        N1: {"customer_reference": "a"},
        N2: {"voice.tech_prefix_enabled": True},
    }


def test_different_options_narrow_each_other() -> None:
    snapshot = account()
    targeted = by_target(fleet(), ["+1312*"])
    tagged = by_tag(targeted, ["support", "sales"], snapshot)
    assert names(by_section(tagged, [Section.VOICE])) == [N2]


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("tags", Section.TAGS),
        ("customer_reference", Section.NUMBER),
        ("deletion_lock_enabled", Section.NUMBER),
        (SCREENING, Section.VOICE),
        (PROFILE_ID, Section.MESSAGING),
        ("emergency.emergency_enabled", Section.EMERGENCY),
    ],
)
def test_a_path_belongs_to_a_section(path: str, section: Section) -> None:
    assert section_of(path) is section


def test_what_is_left_out_is_not_unmanaged() -> None:
    snapshot = account(phone(1), phone(2), phone(3), phone(9))
    assert compare(by_target(fleet(), [N1]), snapshot).unmanaged == 1


def test_what_is_left_out_is_not_planned() -> None:
    wishes = declare({N1: {"customer_reference": "x", PROFILE_ID: PROFILE}, N2: {"tags": ("a",)}})
    found = compare(by_section(wishes, [Section.MESSAGING]), account(phone(1), phone(2)))
    assert [[field.path for field in change.fields] for change in found.changes] == [[PROFILE_ID]]


def test_only_the_fields_that_are_meant_are_looked_for() -> None:
    assert paths_of(by_section(fleet(), [Section.VOICE]), Kind.NUMBER) == {
        "voice.tech_prefix_enabled"
    }


def test_an_edit_of_live_tags_is_noticed() -> None:
    assert has_tag_edits(fleet())
    assert not has_tag_edits(by_target(fleet(), [N1, N2]))


def test_an_empty_scope_is_everything() -> None:
    assert Scope().is_everything
    assert not Scope(only=(Section.TAGS,)).is_everything
