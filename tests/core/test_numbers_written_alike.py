"""Numbers that are written alike come to what each of them would come to by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.alike import FOLDABLE
from reconciler.core.desired import build
from reconciler.core.model import Desired
from reconciler.errors import Problem
from reconciler.files import folding, read_document
from tests.core.project import ONE, TWO, Declared

thorough = settings(deadline=None, derandomize=True, database=None, max_examples=700)


@pytest.fixture(autouse=True)
def _one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a single number is folded."""
    monkeypatch.setattr(folding, "_FEWEST", 1)


Told = tuple[Any, ...]


def told(found: tuple[Desired, list[Problem]]) -> Told:
    desired, problems = found
    if problems:
        return (sorted(set(problems)),)
    numbers = [
        (
            number,
            each.kind,
            each.settings.paths,
            [repr(value) for value in each.settings.values],  # a TagEdit equals nothing
            tuple(each.settings.sources),
            each.source,
            (each.release, each.protect, each.when_owned),
        )
        for number, each in desired.numbers.items()
    ]
    return numbers, desired.secrets, desired.warnings, sorted(desired.declared_elsewhere)


def agree(*texts: str, only: str | None = None) -> tuple[bool, Told]:
    """Whether some file was folded, and what the files declare, which has to be the same as when
    none is."""
    found = []
    is_folded = False
    for fold in (FOLDABLE, None):
        documents = []
        for place, text in enumerate(texts):
            document, problems = read_document(f"{place}.yaml", text.encode(), fold)
            assert document is not None, problems
            assert not problems
            documents.append(document)
            is_folded = is_folded or document.folded is not None
        selected = frozenset({only}) if only else None
        found.append(told(build(None, documents, selected=selected)))
    assert found[0] == found[1]
    return is_folded, found[0]


PROJECT = """\
aliases:
  connection_id: {trunk: "1521"}
groups:
  base:
    tags: [base]
    voice: {inbound_call_screening: flag_calls}
  served:
    extends: [base]
    emergency: {emergency_enabled: true, emergency_address_id: "77"}
    tags: {add: [served]}
  odd: {noise_suppression: both}
defaults:
  hd_voice_enabled: true
"""

# What may stand under each key: mostly what is right, and in most numbers of a file alike.
VALUES: dict[str, list[str]] = {
    "groups": ["[base]", "[base]", "[]", "[served]", "[base, served]", "[odd]", "[nobody]", "base"],
    "customer_reference": ["x", "y z", '"0123"', "null", '"{last4}"', '"}"', '""', "true"],
    "connection_id": ['"15"', '"16"', "trunk", "null", "{id: a}", "nowhere", '"{last4}"'],
    "tags": ["[a]", "[b, a]", "[a, a]", "null", "{add: [x]}", "{add: [x], remove: [x]}", "a"],
    "hd_voice_enabled": ["true", "false", "null"],
    "external_pin": ["{env: A}", "{env: B}", "null", '"1234"', '{env: "A_{last4}"}', "{env: ''}"],
    "protect": ["true", "false"],
    "when_owned": ["true"],
    "unmanage": ["[voice]", "[tags, hd_voice_enabled]", "[nothing]"],
    "voice": ["{tech_prefix_enabled: true}", "{}", "{inbound_call_screening: disabled}", "null"],
    "emergency": [
        "{emergency_enabled: true, emergency_address_id: '5'}",
        "{emergency_enabled: false}",
        "{emergency_enabled: true}",
        "{emergency_address_id: null}",
    ],
    "messaging": ["{messaging_profile_id: null}", "{messaging_profile_id: '12'}"],
    "emergency:\n      emergency_enabled": ["true", "false"],
    "emergency:\n      emergency_address_id": ['"5"', '"6"', "null"],
    "voice:\n      call_forwarding:\n        forwards_to": ['"+13125550009"', "null", "x"],
    "voice:\n      call_forwarding:\n        call_forwarding_enabled": ["true", "false"],
    "voice:\n      cnam_listing:\n        cnam_listing_details": ["A B", "C", "null"],
    "voice:\n      cnam_listing:\n        cnam_listing_enabled": ["true"],
    "overrides": ["true"],
    "release": ["true"],
    "nonsense": ["1"],
}
USUAL = list(VALUES)[:16]
KEYS = st.lists(
    st.sampled_from(USUAL + USUAL + list(VALUES)),
    min_size=1,
    max_size=4,
    unique_by=lambda key: key.partition(":")[0],
)
PLACES = ["+13125550001", "+13125550002", "+13125550003", "+13125550004"]
SHAPES = st.lists(KEYS, min_size=1, max_size=2)
SECTIONS = st.sampled_from(["numbers", "numbers", "numbers", "mobile_numbers"])


def written(draw: st.DrawFn, shapes: list[list[str]], places: list[str], quote: str) -> list[str]:
    """The numbers `places`, each in one of the shapes."""
    entries = []
    for place in draw(st.permutations(places)):
        body = "".join(
            f"    {key}: {draw(st.sampled_from(VALUES[key][:2] * 3 + VALUES[key]))}\n"
            for key in draw(st.sampled_from(shapes))
        )
        entries.append(f"  {quote}{place}{quote}:\n{body}")
    return entries


@st.composite
def sections(draw: st.DrawFn) -> str:
    """Numbers of one or two shapes; now and then one that stands twice, or in a block."""
    kind = draw(SECTIONS)
    entries = written(draw, draw(SHAPES), PLACES, draw(st.sampled_from("\"'")))
    match draw(st.integers(0, 20)):
        case 0:
            entries.append('  "+1 312 555 0001": {}\n')
        case 1:
            entries.append('  "+13125550003..+13125550009": {tags: [block]}\n')
        case 2 | 3:
            entries.insert(1, '  "+13125550010..+13125550019": {tags: [block]}\n')
    return f"{kind}:\n{''.join(entries)}"


OTHER = 'numbers:\n  "+13125550021": {tags: [elsewhere]}\n'


@thorough
@given(sections(), st.sampled_from(["", "", "1.yaml", "0.yaml"]))
@example('numbers:\n  "+13125550001":\n    external_pin: "1"\n', "")
@example('numbers:\n  "+13125550021":\n    tags: [x]\n', "")
def test_by_table_or_one_by_one_they_come_to_the_same(text: str, only: str) -> None:
    agree(PROJECT + OTHER, text, only=only or None)


DEFAULTS = ["", "", "defaults: {hd_voice_enabled: false}\n", "defaults: {customer_reference: d}\n"]


@st.composite
def files(draw: st.DrawFn) -> list[str]:
    """Files that have their shapes in common, some of them with defaults of their own."""
    kind, shapes = draw(SECTIONS), draw(SHAPES)
    return [
        f"{draw(st.sampled_from(DEFAULTS))}{kind}:\n"
        + "".join(written(draw, shapes, [f"+1312555000{part}{at}" for at in range(2)], '"'))
        for part in range(3)
    ]


@settings(thorough, max_examples=250)
@given(files())
def test_files_that_are_written_alike_come_to_the_same_as_each_by_itself(texts: list[str]) -> None:
    agree(PROJECT + OTHER, *texts)


def test_they_keep_the_order_of_the_file() -> None:
    text = "numbers:\n" + "".join(
        f'  "+131255500{at}":{" {tags: [x]}" if at % 3 else f"{chr(10)}    tags: [a{at}]"}\n'
        for at in range(10, 40)
    )
    is_folded, (numbers, *_) = agree(text)
    assert is_folded
    assert [each[0] for each in numbers] == [f"+131255500{at}" for at in range(10, 40)]


def test_one_that_is_wrong_is_told_as_if_it_stood_alone(declared: Declared) -> None:
    text = "numbers:\n" + "".join(
        f'  "+1312555{at:04}":\n    customer_reference: {"1" if at == 7 else "x"}\n'
        for at in range(20)
    )
    assert declared.complaints({"a.yaml": text}) == [
        "a.yaml:17:25: customer_reference must be text, not the number 1: put it in quotes"
    ]


def test_a_number_in_two_files_is_an_error_that_names_both(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}":\n    tags: [a]\n  "{TWO}":\n    tags: [b]\n'
    assert declared.complaints({"a.yaml": text, "b.yaml": text}) == [
        f"b.yaml:2:3: {ONE} is declared twice: first at a.yaml:2",
        f"b.yaml:4:3: {TWO} is declared twice: first at a.yaml:4",
    ]
