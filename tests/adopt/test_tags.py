"""Tags: a list stays a list, an edit stays an edit, and each says no more than it has to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adopt.test_which_line_says_it import ONE, TWO, adopted

BELOW = "groups: {a: {tags: [base, other]}, e: {tags: {add: [base], remove: [old]}}}\n"


@pytest.mark.parametrize(
    ("own", "live", "after"),
    [
        ("tags: [x, w]", "w z", "tags: [w, z]"),
        ("tags: [w, x]", "a x w", "tags: [w, x, a]"),
        ("tags: ['x', w]", "x", "tags: ['x']"),
        ("tags: [x]", "", "tags: []"),
        ("tags: null", "x", "tags: [x]"),
        ("tags: [x]", "{b}", 'tags: ["{{b}}"]'),
        ("tags: {add: [x]}", "w", "tags: {add: []}"),
        ("tags: {add: [x, w], remove: [z]}", "w z", "tags: {add: [w], remove: []}"),
        (
            "groups: [a], tags: {add: [x]}",
            "base x w",
            "groups: [a], tags: {add: [x, w], remove: [other]}",
        ),
        ("groups: [a], tags: {remove: [base]}", "base other", "groups: [a], tags: {remove: []}"),
        ("groups: [a]", "base other x", "groups: [a], tags: {add: [x]}"),
        ("groups: [a]", "other", "groups: [a], tags: {remove: [base]}"),
        ("groups: [a]", "x", "groups: [a], tags: [x]"),
        ("groups: [a]", "", "groups: [a], tags: []"),
        ("groups: [e]", "old", "groups: [e], tags: {add: [old], remove: [base]}"),
        ("groups: [e], tags: {add: [x]}", "x", "groups: [e], tags: {add: [x], remove: [base]}"),
    ],
)  # fmt: skip
def test_what_is_written(tmp_path: Path, own: str, live: str, after: str) -> None:
    text = f'{BELOW}numbers:\n  "{ONE}": {{{own}}}\n  "{TWO}": {{groups: [a]}}\n'
    text += '  "+13125550003": {groups: [e]}\n'
    tags = tuple(sorted(live.split()))
    found = adopted(tmp_path, text, (ONE, "tags", tags))
    assert found == text.replace(f'"{ONE}": {{{own}}}', f'"{ONE}": {{{after}}}')


def test_a_line_an_item(tmp_path: Path) -> None:
    text = f"""\
numbers:
  "{ONE}":
    tags:  # of the desk
      - a
      - b  # why b
      # about c
      - c
    customer_reference: x
"""
    after = adopted(tmp_path, text, (ONE, "tags", ("a", "c", "d")))
    assert after == text.replace("- b  # why b", "# why b").replace("- c\n", "- c\n      - d\n")


def test_the_last_item_goes(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}":\n    tags:  # of the desk\n    - a\n    customer_reference: x\n'
    after = adopted(tmp_path, text, (ONE, "tags", ()))
    assert after == text.replace("tags:  #", "tags: []  #").replace("    - a\n", "")


def test_an_edit_of_a_group_that_all_its_numbers_undid(tmp_path: Path) -> None:
    text = f"""\
groups: {{a: {{tags: {{add: [x, w]}}}}}}
numbers:
  "{ONE}": {{groups: [a]}}
  "{TWO}": {{groups: [a]}}
"""
    edits = [(ONE, "tags", ("w", "z")), (TWO, "tags", ("w",))]
    assert adopted(tmp_path, text, *edits) == text.replace("[x, w]", "[w]")


def test_a_list_that_edits_of_other_numbers_build_on_stays(tmp_path: Path) -> None:
    text = f"""\
groups: {{a: {{tags: [x]}}}}
numbers:
  "{ONE}": {{groups: [a]}}
  "{TWO}": {{groups: [a], tags: {{add: [w]}}}}
"""
    after = adopted(tmp_path, text, (ONE, "tags", ("x", "z")))
    assert after == text.replace(
        f'"{ONE}": {{groups: [a]', f'"{ONE}": {{groups: [a], tags: {{add: [z]}}'
    )
