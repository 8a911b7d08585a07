"""Every slip gets one line that says what, where, and what to write instead."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.core.project import ONE, TWO, Declared, built


def slips(name: str) -> list[tuple[str, int, str]]:
    """The table in slips/NAME.txt: what a user wrote; the column, and what they are told."""
    text = (Path(__file__).parent / "slips" / f"{name}.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    told = [line.strip().split(": ", 1) for line in lines[1::2]]
    rows = zip(lines[::2], told, strict=True)
    return [(entry, int(column), message) for entry, (column, message) in rows]


A_NUMBER = slips("number")


@pytest.mark.parametrize(("entry", "column", "message"), A_NUMBER, ids=[row[0] for row in A_NUMBER])
def test_a_slip_in_a_number_gets_one_line(
    declared: Declared, entry: str, column: int, message: str
) -> None:
    text = f'numbers:\n  "{ONE}":\n    {entry}\n'
    assert declared.complaints({"a.yaml": text}) == [f"a.yaml:3:{column}: {message}"]


A_FILE = slips("file")


@pytest.mark.parametrize(("text", "column", "message"), A_FILE, ids=[row[0] for row in A_FILE])
def test_a_slip_in_a_file_gets_one_line(
    declared: Declared, text: str, column: int, message: str
) -> None:
    assert declared.complaints({"a.yaml": f"{text}\n"}) == [f"a.yaml:1:{column}: {message}"]


A_PROJECT = slips("project")


@pytest.mark.parametrize(
    ("text", "column", "message"), A_PROJECT, ids=[row[0] for row in A_PROJECT]
)
def test_a_slip_in_the_project_file_gets_one_line(
    declared: Declared, text: str, column: int, message: str
) -> None:
    assert declared.complaints({"reconciler.yaml": f"{text}\n"}) == [
        f"reconciler.yaml:1:{column}: {message}"
    ]


# ---- all at once ----------------------------------------------------------------------------


def test_all_slips_of_all_files_come_at_once_in_order(declared: Declared) -> None:
    files = {
        "b.yaml": f'numbers:\n  "{TWO}": {{hd_voice_enabled: 1, voise: {{}}}}\n',
        "a.yaml": f'numbers:\n  "{ONE}":\n    tags: no list\n    hd_voice_enabled: 1\n',
        "c.yaml": "k: @\n",
        "reconciler.yaml": "limits: {page_size: 251}\n",
    }
    assert [each.rsplit(":", 1)[0].split(": ")[0] for each in declared.complaints(files)] == [
        "a.yaml:3:11",
        "a.yaml:4:23",
        "b.yaml:2:38",
        "b.yaml:2:41",
        "c.yaml:1:4",
        "reconciler.yaml:1:21",
    ]


def test_several_slips_of_one_number_come_at_once(declared: Declared) -> None:
    text = f"""\
numbers:
  "{ONE}":
    hd_voice_enabled: 1
    voice: {{inbound_call_screening: x, forwards_to: z}}
    colour: red
"""
    assert [each.split(": ")[0] for each in declared.complaints({"a.yaml": text})] == [
        "a.yaml:3:23",
        "a.yaml:4:37",
        "a.yaml:4:40",
        "a.yaml:5:5",
    ]


@pytest.mark.parametrize("entry", [row[0] for row in A_NUMBER])
def test_a_slip_in_a_group_is_told_once_however_many_use_it(entry: str) -> None:
    if entry.startswith(("groups", "extends", "colour")):
        entry = entry.replace("groups", "extends").replace("extends: [a]", "groups: [a]")
    text = f"""\
groups:
  g:
    {entry}
numbers:
  "{ONE}": {{groups: [g]}}
  "{TWO}": {{groups: [g]}}
"""
    assert len(built(text)[1]) == 1


# ---- hostile text ---------------------------------------------------------------------------

LONG = "x" * 10_000
CUT = "x" * 59 + "…"


def last(text: str) -> str:
    return built(text)[1][-1]


@pytest.mark.parametrize(
    "text",
    [
        f'numbers: {{"{ONE}": {{tags: {LONG}}}}}\n',
        f'numbers: {{"{ONE}": {{voice: {{inbound_call_screening: {LONG}}}}}}}\n',
        f'numbers: {{"{ONE}": {{voice: {{call_forwarding: {{forwards_to: {LONG}}}}}}}}}\n',
        f'numbers: {{"{ONE}": {{connection_id: {LONG}}}}}\n',
        f'numbers: {{"{ONE}": {{groups: [{LONG}]}}}}\n',
        f'numbers: {{"{ONE}": {{tags: {{add: [{LONG}], remove: [{LONG}]}}}}}}\n',
        f'numbers:\n  "{ONE}":\n    ? {LONG}\n    : 1\n',
        f"numbers:\n  ? {LONG}\n  : {{}}\n",
        f"groups:\n  ? {LONG}\n  : []\n",
        f"aliases:\n  connection_id:\n    ? {LONG}\n    : []\n",
        f"version: {LONG}\n",
        f"? {LONG}\n: 1\n",
    ],
)
def test_a_very_long_text_is_cut(text: str) -> None:
    assert CUT in last(text)
    assert len(last(text)) < 500


@pytest.mark.parametrize("char", ["\x1b", "\u202e", "\u200b", "\n", "\x00"])
@pytest.mark.parametrize(
    "text",
    [
        'numbers: {{"{one}": {{"a{char}": 1}}}}\n',
        'numbers: {{"{one}": {{tags: "{char}"}}}}\n',
        'numbers: {{"{one}": {{connection_id: "a{char}"}}}}\n',
        'numbers: {{"{one}": {{groups: ["a{char}"]}}}}\n',
        'numbers: {{"{char}": }}\n',
        'groups: {{"{char}": []}}\n',
        'aliases: {{connection_id: {{"{char}": []}}}}\n',
        '"{char}": 1\n',
    ],
)
def test_no_character_of_a_value_steers_the_terminal(text: str, char: str) -> None:
    escape = {"\n": "\\n", "\x00": "\\0"}.get(char, f"\\u{ord(char):04x}")
    found = built(text.format(one=ONE, char=escape))[1]
    assert found
    assert [each for each in found if not each.isprintable()] == []


@pytest.mark.parametrize(
    "entry",
    [
        "external_pin: 4711",
        "external_pin: {env: 47-4711}",
        "external_pin: {env: 4711}",
        "external_pin: {file: 4711}",
        "external_pin: [4711]",
        "external_pin: {file: [4711]}",
        'external_pin: "12{4711"',
        'external_pin: "{4711}"',
    ],
)
def test_a_pin_is_in_no_message(entry: str) -> None:
    found = built(f'numbers: {{"{ONE}": {{{entry}}}}}\n')[1]
    assert found
    assert [each for each in found if "4711" in each] == []


def test_an_api_key_in_place_of_its_variable_is_in_no_message(declared: Declared) -> None:
    files = {"reconciler.yaml": "account: {api_key_env: KEY-0123456789}\n"}
    told = "the name of an environment variable is needed, never the value itself"
    assert declared.complaints(files) == [f"reconciler.yaml:1:24: account.api_key_env: {told}"]


# ---- cost -----------------------------------------------------------------------------------

MANY = 10_000


def numbers(entry: str) -> str:
    """Ten thousand numbers; `{place}` in the entry is the place of each."""
    lines = [
        f'  "+1312555{place:04}": ' + entry.replace("{place}", str(place)) for place in range(MANY)
    ]
    return "numbers:\n" + "\n".join(lines) + "\n"


ALIASES = "aliases:\n  connection_id:\n" + "".join(
    f'    "desk-number-{place}": "{place}"\n' for place in range(MANY)
)
GROUPS = "groups:\n" + "".join(f"  office-{place}:\n" for place in range(MANY))


@pytest.mark.parametrize(
    "text",
    [
        numbers("{hd_voice_enabled: 1}"),
        numbers("{voice: {tech_prefix_enabl{place}: true}}"),
        numbers("{voice: {inbound_call_screening: flag-calls{place}}}"),
        ALIASES + numbers("{connection_id: desk-numbr-{place}}"),
        GROUPS + numbers("{groups: [offic-{place}]}"),
    ],
    ids=["types", "keys", "values", "aliases", "groups"],
)
def test_ten_thousand_slips_are_told_in_seconds(text: str) -> None:
    began = time.process_time()
    found = built(text)[1]
    assert len(found) == MANY
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "extends", ["g{before}", "g0, g{before}", "g{before}, g{after}"], ids=["chain", "fan", "loops"]
)
def test_thousands_of_groups_that_extend_each_other_are_put_together_in_seconds(
    extends: str,
) -> None:
    count = 3_000
    lines = [
        f"  g{place}: {{extends: ["
        + extends.format(before=place - 1, after=(place + 1) % count)
        + "]}"
        for place in range(1, count)
    ]
    text = "groups:\n  g0: {customer_reference: x}\n" + "\n".join(lines) + "\n"
    began = time.process_time()
    built(text + f'numbers: {{"{ONE}": {{groups: [g{count - 1}]}}}}\n')
    assert time.process_time() - began < 5


def test_no_blank_after_a_colon_in_braces_is_told(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": {{voice:{{inbound_call_screening: flag_calls}}}}\n'
    assert declared.complaints({"a.yaml": text}) == [
        'a.yaml:2:25: a blank is missing after this ":"'
    ]


def test_an_unknown_key_hides_no_unknown_group_of_the_same_number(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}":\n    groups: [desk, nobody]\n    customer_refrence: x\n'
    assert declared.complaints({"a.yaml": f"groups: {{desk: {{}}}}\n{text}"}) == [
        "a.yaml:4:20: unknown group 'nobody': define it under groups",
        "a.yaml:5:5: unknown key 'customer_refrence': did you mean 'customer_reference'?",
    ]


@pytest.mark.parametrize("groups", ["nobody", "[1, nobody]", "{a: b}", "", "[[a]]"])
def test_what_is_no_list_of_names_names_no_group(declared: Declared, groups: str) -> None:
    text = f'numbers:\n  "{ONE}":\n    groups: {groups}\n    customer_refrence: x\n'
    assert not any("unknown group" in each for each in declared.complaints({"a.yaml": text}))
