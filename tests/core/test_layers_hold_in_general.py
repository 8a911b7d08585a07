"""Properties of the layers, and of the checks on data of any shape."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.documents import Document
from reconciler.core.fields import Kind
from reconciler.core.validate import check
from reconciler.core.values import TagEdit
from tests.core.project import ONE, built

steady = settings(deadline=None, derandomize=True, database=None, max_examples=150)

TAGS = st.lists(st.sampled_from(["a", "b", "c", "A"]), max_size=4)


@st.composite
def edits(draw: st.DrawFn) -> TagEdit:
    """An edit as one layer may hold it: no tag is both added and removed."""
    add = frozenset(draw(TAGS))
    return TagEdit(add, frozenset(draw(TAGS)) - add)


def canonical(tags: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tags)))


@steady
@given(edits(), edits(), TAGS)
def test_one_edit_then_another_is_both_in_a_row(first: TagEdit, later: TagEdit, tags: Any) -> None:
    start = canonical(tags)
    assert first.then(later).apply(start) == later.apply(first.apply(start))


@steady
@given(edits(), edits(), edits())
def test_it_does_not_matter_how_edits_are_put_in_brackets(
    a: TagEdit, b: TagEdit, c: TagEdit
) -> None:
    left, right = a.then(b).then(c), a.then(b.then(c))
    assert (left.add, left.remove) == (right.add, right.remove)


@steady
@given(edits(), edits())
def test_two_edits_as_one_add_and_remove_no_tag_at_once(first: TagEdit, later: TagEdit) -> None:
    both = first.then(later)
    assert not both.add & both.remove


@steady
@given(edits(), TAGS)
def test_an_edit_applied_twice_does_what_it_does_once(edit: TagEdit, tags: Any) -> None:
    once = edit.apply(canonical(tags))
    assert edit.apply(once) == once


# ---- layers of settings ---------------------------------------------------------------------

FREE = {
    "customer_reference": st.sampled_from(["x", "z", None]),
    "hd_voice_enabled": st.booleans(),
    "tech_prefix_enabled": st.booleans(),
    "inbound_call_screening": st.sampled_from(["disabled", "flag_calls"]),
}
EDIT = st.builds(lambda edit: {"add": sorted(edit.add), "remove": sorted(edit.remove)}, edits())
LAYER = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.one_of(TAGS, st.none(), EDIT),
        "customer_reference": FREE["customer_reference"],
        "hd_voice_enabled": FREE["hd_voice_enabled"],
        "voice": st.fixed_dictionaries(
            {},
            optional={
                "tech_prefix_enabled": FREE["tech_prefix_enabled"],
                "inbound_call_screening": FREE["inbound_call_screening"],
            },
        ),
    },
)
LAYERS = st.lists(LAYER, min_size=1, max_size=4)


def declare(layers: list[Any], *, groups: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """What a number has of groups g0, g1, … in that order; a TagEdit shows as its two sets."""
    named = {f"g{place}": layer for place, layer in enumerate(layers)}
    document = {
        "groups": named | more,
        "numbers": {ONE: {"groups": list(named) if groups is None else groups}},
    }
    desired, problems = built(json.dumps(document))
    assert problems == []
    found = desired.numbers[ONE].settings.as_dict()
    tags = found.get("tags")
    return found | ({"tags": (tags.add, tags.remove)} if isinstance(tags, TagEdit) else {})


def flat(layer: Any) -> dict[str, Any]:
    voice = {f"voice.{key}": value for key, value in layer.get("voice", {}).items()}
    return {key: value for key, value in layer.items() if key != "voice"} | voice


@steady
@given(LAYERS)
def test_the_last_layer_that_names_a_field_wins(layers: list[Any]) -> None:
    expected: dict[str, Any] = {}
    for layer in layers:
        expected |= flat(layer)
    found = declare(layers)
    assert found.keys() == expected.keys()
    assert {k: v for k, v in found.items() if k != "tags"} == {
        k: v for k, v in expected.items() if k != "tags"
    }


@steady
@given(LAYERS, TAGS)
def test_tags_are_the_edits_of_all_layers_in_a_row(layers: list[Any], live: list[str]) -> None:
    tags: tuple[str, ...] = canonical(live)
    for layer in layers:
        given_tags = layer.get("tags", {"add": [], "remove": []})
        if isinstance(given_tags, dict):
            edit = TagEdit(frozenset(given_tags["add"]), frozenset(given_tags["remove"]))
            tags = edit.apply(tags)
        else:
            tags = canonical(given_tags or [])
    found = declare(layers).get("tags", ())
    if found and isinstance(found[0], frozenset):
        found = TagEdit(*found).apply(canonical(live))
    named = any("tags" in layer for layer in layers)
    assert found == (tags if named else ())


@steady
@given(LAYERS, LAYERS)
def test_groups_gathered_in_a_group_of_their_own_say_the_same(
    low: list[Any], high: list[Any]
) -> None:
    layers = low + high
    names = [f"g{place}" for place in range(len(layers))]
    gathered = declare(
        layers,
        groups=["low", "high"],
        low={"extends": names[: len(low)]},
        high={"extends": names[len(low) :]},
    )
    assert gathered == declare(layers)


@steady
@given(LAYERS)
def test_a_layer_below_that_says_nothing_changes_nothing(layers: list[Any]) -> None:
    assert declare([{}, *layers]) == declare(layers)


@steady
@given(LAYER)
def test_defaults_a_group_and_a_number_mean_the_same(layer: Any) -> None:
    def of(document: dict[str, Any]) -> list[tuple[str, str]]:
        desired, problems = built(json.dumps(document))
        assert problems == []
        settings = desired.numbers[ONE].settings
        return [
            (path, str((sorted(value.add), sorted(value.remove))))
            if isinstance(value, TagEdit)
            else (path, str(value))
            for path, value in settings.as_dict().items()
        ]

    own = of({"numbers": {ONE: layer}})
    assert of({"defaults": layer, "numbers": {ONE: None}}) == own
    assert of({"groups": {"g": layer}, "numbers": {ONE: {"groups": ["g"]}}}) == own


@steady
@given(LAYERS)
def test_loading_twice_gives_the_same(layers: list[Any]) -> None:
    assert declare(layers) == declare(layers)


# ---- data of any shape ----------------------------------------------------------------------

KEYS = st.one_of(
    st.sampled_from(
        sorted(
            {step for path in BY_PATH[Kind.NUMBER] for step in path.split(".")}
            | {step for path in BY_PATH[Kind.MOBILE] for step in path.split(".")}
            | {"numbers", "groups", "defaults", "aliases", "extends", "limits", "version", "files"}
            | {"account", "release", "unmanage", "add", "remove", "id", "env", "file", "page_size"}
            | {ONE, "1 312 555 0001", f"{ONE}..{ONE}", "g", "include", "k" * 5000}
        )
    ),
    st.text(max_size=4),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(["", "g", "x" * 5000, "{number}", ONE, "flag_calls", "\x1b[31m", "'"]),
    st.text(max_size=5),
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=15,
)
SECTIONS = ["numbers", "groups", "defaults", "aliases", "limits", "account", "files", "version"]
FILES = st.one_of(
    DATA,
    st.dictionaries(st.sampled_from(SECTIONS), DATA, max_size=4),
    st.fixed_dictionaries(
        {"numbers": st.dictionaries(st.sampled_from([ONE, "+13125550002", "x"]), DATA)},
        optional={"groups": st.dictionaries(st.sampled_from(["g", "h"]), DATA)},
    ),
)


@steady
@given(FILES, st.booleans())
@example({"numbers": [ONE]}, False)
@example({"groups": "support"}, False)
@example({"defaults": None, "groups": None, "aliases": None}, False)
@example({"k" * 5000: {"k" * 5000: 1}}, True)
@example([[]], False)
def test_every_complaint_is_one_line_of_bounded_length(data: Any, is_project: bool) -> None:
    problems = check(Document("a.yaml", data, {}), is_project=is_project)
    assert [each for each in problems if not each.message.isprintable()] == []
    assert [each for each in problems if len(each.message) > 500] == []


@steady
@given(FILES)
def test_no_complaint_comes_twice(data: Any) -> None:
    problems = check(Document("a.yaml", data, {}), is_project=False)
    assert len(problems) == len(set(problems))


@steady
@given(FILES)
@example({"numbers": {ONE: {"groups": "g"}}, "groups": {"g": {"extends": "g"}}})
@example({"numbers": {ONE: {"voice": None, "tags": {"add": None}}}})
@example({"aliases": {"connection_id": None}, "numbers": {ONE: {"connection_id": "a"}}})
def test_files_of_any_shape_are_put_together_without_a_crash(data: Any) -> None:
    desired, problems = built(json.dumps(strip(data)))
    assert problems or all(number.settings is not None for number in desired.numbers.values())


def strip(data: Any) -> Any:
    """Without what YAML itself refuses: what no document can hold need not be put together."""
    match data:
        case dict():
            return {plain(key): strip(value) for key, value in data.items()}
        case list():
            return [strip(value) for value in data]
        case str():
            return plain(data)
        case float():
            return int(data)
        case _:
            return data


def plain(text: str) -> str:
    return "".join(char for char in text[:900] if char.isascii() and char.isprintable())


def test_every_supported_field_can_be_declared() -> None:
    declared: dict[str, Any] = {}
    for path in SUPPORTED[Kind.NUMBER]:
        *parents, leaf = path.split(".")
        level = declared
        for parent in parents:
            level = level.setdefault(parent, {})
        example_value = BY_PATH[Kind.NUMBER][path].example
        level[leaf] = list(example_value) if isinstance(example_value, tuple) else example_value
    desired, problems = built(json.dumps({"numbers": {ONE: declared}}))
    assert problems == []
    assert set(desired.numbers[ONE].settings.paths) == SUPPORTED[Kind.NUMBER]
