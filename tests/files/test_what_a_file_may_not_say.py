"""Every bad file gets its line, its column, and what to do; never a traceback, never a hang."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.documents import Document
from reconciler.files import build, events, read_document, reader

steady = settings(deadline=None, derandomize=True, database=None, max_examples=150)


def complaints(text: str | bytes) -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    return [str(problem) for problem in read_document("f.yaml", raw)[1]]


def only(text: str | bytes) -> str:
    found = complaints(text)
    assert len(found) == 1, found
    return found[0]


QUOTE = 'f.yaml:1:4: put it in quotes: "{}" ({})'
READERS = "some YAML readers take it for "
TOO_LONG = "it has more digits than a number can keep"


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0123", READERS + "an octal number"),
        ("0o17", READERS + "an octal number"),
        ("00", READERS + "an octal number"),
        ("0899", READERS + "a number and drop its zeros"),
        ("0x1F", READERS + "a hexadecimal number"),
        ("0b101", READERS + "a binary number"),
        ("1_000", READERS + "a number with its digits in groups"),
        ("1:30", READERS + "a number in base 60, as in hours and minutes"),
        ("12:30:45", READERS + "a number in base 60, as in hours and minutes"),
        ("1e5", READERS + "a number with a fraction or an exponent"),
        ("1.", READERS + "a number with a fraction or an exponent"),
        (".5", READERS + "a number with a fraction or an exponent"),
        (".inf", READERS + "infinity or not-a-number"),
        ("-.Inf", READERS + "infinity or not-a-number"),
        (".NaN", READERS + "infinity or not-a-number"),
        ("2026-12-31", READERS + "a date"),
        ("2026-12-31T10:00:00Z", READERS + "a date"),
        ("2026-12-31 10:00:00 +02:00", READERS + "a date"),
        ("=", READERS + "a YAML instruction"),
        ("<<", READERS + "a YAML instruction"),
        ("1521916448077776306", TOO_LONG),
        ("1.0000000000000001", TOO_LONG),
    ],
)
def test_a_value_that_readers_disagree_about_is_to_be_quoted(text: str, why: str) -> None:
    assert only(f"k: {text}\n") == QUOTE.format(text, why)


@pytest.mark.parametrize("text", ["yes", "Yes", "YES", "on", "On", "y", "Y"])
def test_another_word_for_true_is_refused(text: str) -> None:
    why = f'write true, or put it in quotes: "{text}" (some YAML readers take it for true)'
    assert only(f"k: {text}\n") == f"f.yaml:1:4: {why}"


@pytest.mark.parametrize("text", ["no", "No", "off", "OFF", "n", "N"])
def test_another_word_for_false_is_refused(text: str) -> None:
    why = f'write false, or put it in quotes: "{text}" (some YAML readers take it for false)'
    assert only(f"a: 1\nk: [x, {text}]\n") == f"f.yaml:2:8: {why}"


@pytest.mark.parametrize("text", ["True", "TRUE", "False", "FALSE", "Null", "NULL"])
def test_true_false_and_null_are_lower_case(text: str) -> None:
    why = f'write {text.lower()} in lower case, or put it in quotes: "{text}"'
    assert only(f"k: {text}\n") == f"f.yaml:1:4: {why}"


def test_an_unquoted_number_as_a_value_is_to_be_quoted() -> None:
    assert only("k: +13125550001\n") == 'f.yaml:1:4: put the number in quotes: "+13125550001"'


@pytest.mark.parametrize("number", ["+13125550001", "13125550001"])
def test_an_unquoted_number_as_a_key_is_to_be_quoted(number: str) -> None:
    said = only(f"numbers:\n  {number}: {{}}\n")
    assert said == f'f.yaml:2:3: put the number in quotes: "{number}"'


@pytest.mark.parametrize("key", ["true", "~", "null", "yes", "no", "On", "1.5", "True"])
def test_a_key_that_is_no_text_is_to_be_quoted(key: str) -> None:
    assert only(f"{key}: 1\n") == f'f.yaml:1:1: put it in quotes: "{key}" (keys are text)'


def test_a_refused_value_keeps_its_text_for_later_checks() -> None:
    document, _ = read_document("f.yaml", b"a: 0123\n+1312: yes\n")
    assert document is not None
    assert document.data == {"a": "0123", "+1312": "yes"}


def test_a_mapping_as_a_key_is_refused_and_left_out() -> None:
    document, problems = read_document("f.yaml", b"{a: b}: [c]\nd: {e: f}\n")
    assert str(problems[0]) == "f.yaml:1:1: a key must be text, not a mapping or a list"
    assert document is not None
    assert document.data == {"d": {"e": "f"}}
    assert set(document.marks) == {id(document.data), id(document.data["d"])}


def test_a_missing_key_is_named() -> None:
    assert only("a: {? : 2}\n") == "f.yaml:1:7: a key is missing here"


def test_an_integer_of_five_thousand_digits_is_not_converted() -> None:
    said = only("k: " + "7" * 5000 + "\n")
    assert said == QUOTE.format("7" * 59 + "…", TOO_LONG)


def test_a_key_twice_names_both_lines() -> None:
    said = complaints('numbers:\n  "+1312": {}\n  x: 1\n  "+1312": {}\n')
    assert said == ['f.yaml:4:3: "+1312" stands twice, here and on line 2: keep one']


def test_of_a_key_twice_the_first_is_kept() -> None:
    document, _ = read_document("f.yaml", b"a: {b: 1}\na: {c: 2}\n")
    assert document is not None
    assert document.data == {"a": {"b": 1}}
    assert set(document.marks) == {id(document.data), id(document.data["a"])}


def test_a_merge_key_twice_is_refused() -> None:
    said = only("a: &a {k: v}\nb:\n  <<: *a\n  <<: *a\n")
    assert said == "f.yaml:4:3: << stands twice, here and on line 3: use <<: [*a, *b]"


@pytest.mark.parametrize("value", ["3", "[1]", "x"])
def test_a_merge_key_takes_only_mappings(value: str) -> None:
    said = only(f"<<: {value}\n")
    assert said == "f.yaml:1:5: << takes a mapping or a list of mappings: <<: *name"


def test_an_alias_without_an_anchor_is_refused() -> None:
    assert only("a: *x\n") == "f.yaml:1:4: *x has no anchor &x above it"


@pytest.mark.parametrize(
    ("text", "place"), [("a: &x [1, *x]\n", "1:11"), ("a: &x\n  b:\n    <<: *x\n", "3:9")]
)
def test_a_recursive_anchor_is_refused(text: str, place: str) -> None:
    assert only(text) == f"f.yaml:{place}: *x stands inside its own anchor, from line 1 on"


def test_an_anchor_twice_is_refused() -> None:
    said = only("a: &x 1\nb: &x 2\n")
    assert said == "f.yaml:2:4: the anchor &x stands twice, here and on line 1: rename one"


LEVELS = range(1, 40)
BOMBS = {
    "lists": ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in LEVELS],
    "wide": ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]" for i in LEVELS],
    "merges": ["a0: &a0 {k: [v]}"]
    + [f"a{i}: &a{i} {{<<: [*a{i - 1}], l{i}: *a{i - 1}, m{i}: *a{i - 1}}}" for i in LEVELS],
    "long merges": ["a0: &a0 {k0: v}"]
    + [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: v}}" for i in range(1, 5000)],
}


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize("kind", BOMBS)
def test_an_alias_bomb_is_measured_not_unfolded(kind: str) -> None:
    begun = time.process_time()
    document, problems = read_document("f.yaml", "\n".join(BOMBS[kind]).encode())
    assert document is None
    assert len(problems) == 1
    assert "more than a file of this size may" in problems[0].message
    assert time.process_time() - begun < 5


def test_a_chain_of_aliases_cannot_nest_deeper_than_text() -> None:
    chain = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 3000)]
    assert only("\n".join(chain)) == "f.yaml:50:12: nested more than 50 deep by way of *a48"


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize(
    ("unit", "place"), [("[", "1:51"), ("{a: ", "1:201"), ("- ", "1:101"), ("a:\n", "51:51")]
)
def test_nesting_beyond_fifty_is_not_read(unit: str, place: str) -> None:
    text = unit * 100_000
    if unit == "a:\n":
        text = "".join(" " * level + unit for level in range(200))
    assert only(text) == f"f.yaml:{place}: nested more than 50 deep: nothing below here is read"


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("k: !!str x\n", "!!str"),
        ("k: !!python/object:os.system [x]\n", "!!python/object:os.system"),
        ("k: !foo {a: 1}\n", "!foo"),
        ("k: ! x\n", "!"),
    ],
)
def test_tags_are_refused(text: str, tag: str) -> None:
    assert only(text) == f"f.yaml:1:4: tags are not allowed: remove {tag}"


def test_a_tag_directive_is_refused() -> None:
    said = only("%TAG ! tag:x,2000:\n---\na: 1\n")
    assert said == "f.yaml:1:1: the directive %TAG is not allowed: remove it"


def test_another_yaml_version_is_refused() -> None:
    said = only("# c\n%YAML 1.3\n---\na: 1\n")
    assert said == (
        "f.yaml:2:1: this YAML version is not supported: write %YAML 1.2, or leave it out"
    )


@pytest.mark.parametrize(("text", "place"), [("a: 1\n---\nb: [\n", "2:1"), ("---\n---\n", "2:1")])
def test_a_second_document_is_refused(text: str, place: str) -> None:
    said = only(text)
    assert said == f"f.yaml:{place}: a second document begins here: put it in a file of its own"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_to_be_saved_as_utf8(codec: str) -> None:
    said = only("numbers: {}\n".encode(codec))
    assert said == "f.yaml:1:1: the file is UTF-16: save it as UTF-8"


@pytest.mark.parametrize("codec", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf32_is_to_be_saved_as_utf8(codec: str) -> None:
    said = only("numbers: {}\n".encode(codec))
    assert said == "f.yaml:1:1: the file is UTF-32: save it as UTF-8"


def test_a_byte_that_is_not_utf8_has_its_place() -> None:
    said = only("a: ü\n".encode() + b"\xc3\xbc: n\xe9\nb: \xe9\n")
    assert said == "f.yaml:2:5: byte 0xE9 is not UTF-8: save the file as UTF-8"


CONTROLS = ["\x00", "\x1b", "\x07", "\x0b", "\x7f", "\x85", "\x9b"]
INVISIBLE = ["\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u2028",
             "\u2029", "\ufeff"]  # fmt: skip
ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\u2060"]


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize("char", CONTROLS + INVISIBLE)
@pytest.mark.parametrize("text", ["a: 1\nb: x{}y\n", "a: 1\n# {} \n", "a: 1\nx{}: 2\n"])
def test_control_and_bidi_characters_are_refused_wherever_they_stand(char: str, text: str) -> None:
    column = text.splitlines()[1].index("{}") + 1
    kind = "a control character" if char < "\xa0" else "an invisible character"
    said = only(text.format(char))
    assert said == f"f.yaml:2:{column}: U+{ord(char):04X}, {kind}, is not allowed: remove it"


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize("char", ZERO_WIDTH)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x{}: 1\n", "1:2"),
        ("k: 'é{}'\n", "1:6"),
        ("k: >\n  one\n  two{}\n", "3:6"),
        ("k: [a, x{}y]\n", "1:9"),
    ],
)
def test_zero_width_characters_are_refused_in_keys_and_values(
    char: str, text: str, place: str
) -> None:
    said = only(text.format(char))
    assert said == (
        f"f.yaml:{place}: U+{ord(char):04X}, an invisible character, is not allowed: remove it"
    )


def test_zero_width_characters_may_stand_in_comments() -> None:
    assert complaints("a: 1 # a family: \U0001f468\u200d\U0001f469\n") == []


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize(
    ("escape", "code"),
    [("\\e", "001B"), ("\\0", "0000"), ("\\r", "000D"), ("\\N", "0085"), ("\\L", "2028"),
     ("\\u200b", "200B"), ("\\u202e", "202E"), ("\\x9b", "009B")],
)  # fmt: skip
def test_escapes_cannot_smuggle_what_may_not_be_typed(escape: str, code: str) -> None:
    assert only(f'a: 1\nk: "x{escape}"\n').startswith(f"f.yaml:2:4: U+{code}, ")


def test_a_lone_surrogate_is_refused_and_the_rest_is_read() -> None:
    assert complaints('k: "a\\ud800"\nl: "\\udfff"\nm: 0123\n') == [
        "f.yaml:1:6: \\ud800 stands for no character: remove it",
        "f.yaml:2:5: \\udfff stands for no character: remove it",
        'f.yaml:3:4: put it in quotes: "0123" (some YAML readers take it for an octal number)',
    ]


def test_a_carriage_return_alone_ends_no_line() -> None:
    said = only(b"a: 1\r\nb: x\ry\n")
    assert said == (
        "f.yaml:2:5: U+000D, a carriage return without a line feed, is not allowed: "
        "save with LF or CRLF"
    )


def test_a_merge_conflict_is_called_so_without_noise() -> None:
    said = only("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\n")
    assert said == (
        "f.yaml:2:1: unresolved merge conflict: keep one side and delete the marker lines"
    )


def test_a_marker_left_over_from_a_conflict_is_found() -> None:
    assert only("a: 1\n>>>>>>> other\n").startswith("f.yaml:2:1: unresolved merge conflict")


TAB = "a tab cannot indent YAML: use spaces"
INDENT = "the indentation does not fit the lines above: line it up with its neighbours"
AFTER = "this cannot stand after the value before it: put all of it in one pair of quotes"
COLON = 'this ":" begins a second key on one line: put the value in quotes, or mend the indentation'


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\tb: 1\n", f"2:1: {TAB}"),
        ("a:\n  b: 1\n  \tc: 2\n", f"3:3: {TAB}"),
        ("a: b: c\n", f"1:5: {COLON}"),
        ("a:\n  b: 1\n c: 2\n", f"3:2: {INDENT}"),
        ("- a\nb: c\n", f"2:1: {INDENT}"),
        ("a: 'x\n", "1:4: the quote that opens here is never closed"),
        ("a: [1, 2\nb: 1\n", '1:4: the list that opens here lacks a "," or its "]"'),
        ("a: {b: 1\n", '1:4: the mapping that opens here lacks a "," or its "}"'),
        ("a: @x\n", '1:4: a value cannot begin with "@": put it in quotes'),
        ("a: %x\n", '1:4: a value cannot begin with "%": put it in quotes'),
        ("a: *\n", "1:5: * and & need a name: put a text that begins so in quotes"),
        ("a:\n-x\n", '2:1: this line has no ":", or the line above is not finished'),
        ("a: [x, , z]\n", "1:8: a value is missing here"),
        ("k: 'it's'\n", f"1:8: {AFTER}"),
        (
            "a: [\n",
            '2:1: the file ends too early: a "[" or "{" above is not closed, or a value is missing',
        ),
        (": 1\n: 2\n", '1:1: a key is missing before this ":"'),
        ("a: - b\n", '1:4: a list item ("- ") cannot begin here'),
        ('a: "\\xZZ"\n', "1:7: an escape \\x, \\u or \\U takes 2, 4 or 8 hexadecimal digits"),
        ("a: |2x\n", "1:6: after | or > only +, - and a digit may stand"),
        ("%YAML 1.2\na: 1\n", '2:1: the "---" is missing that ends the lines that begin with "%"'),
    ],
)
def test_a_syntax_error_is_one_line_with_its_place(text: str, said: str) -> None:
    assert only(text) == f"f.yaml:{said}"


def test_what_stands_before_a_syntax_error_is_reported_too() -> None:
    assert [said[:11] for said in complaints("a: 0123\nb: yes\nc: [\n")] == [
        "f.yaml:1:4:",
        "f.yaml:2:4:",
        "f.yaml:4:1:",
    ]


def test_an_unknown_escape_is_refused_and_the_rest_is_read() -> None:
    assert complaints('a: "\\+1"\nb: no\n') == [
        'f.yaml:1:5: "\\+" is no escape: write "\\\\" for a backslash',
        'f.yaml:2:4: write false, or put it in quotes: "no" (some YAML readers take it for false)',
    ]


def test_all_problems_of_a_file_come_at_once_and_in_order() -> None:
    text = "+1312: 0123\na: yes\na: 2026-01-01\nb: !x \x1b\nc: *d\n"
    places = [(p.line, p.column) for p in read_document("f.yaml", text.encode())[1]]
    assert places == [(1, 1), (1, 8), (2, 4), (3, 1), (3, 4), (4, 4), (4, 7), (5, 4)]


def test_thousands_of_problems_are_cut_at_a_thousand() -> None:
    said = complaints("".join(f"k{i}: yes\n" for i in range(3000)))
    assert len(said) == 1001
    assert said[0] == "f.yaml: more than 1000 problems in this file: mend these first"


def test_an_oversize_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 1024 * 1024)
    said = only(b"#" * (1024 * 1024 + 1))
    assert said == "f.yaml: larger than 1 MiB: split it into several files"


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_EVENTS", 100)
    said = only("- x\n" * 100)
    assert said == "f.yaml:97:3: too many entries for one file: split it into several files"


def test_copies_by_merge_keys_have_a_bound_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MAX_MERGED", 10)
    said = only("a: &a {k: 1, l: 2}\nb:\n" + "- {<<: *a}\n" * 6)
    assert said.startswith("f.yaml:8:8: merge keys unfold to 12 entries")


def test_a_binary_file_is_not_shown_byte_by_byte() -> None:
    assert complaints(b"a: 1\n" + b"\x01" * 5000)[-1] == (
        "f.yaml: more than 100 characters that are not allowed: is this a text file?"
    )


FRAGMENTS = st.lists(
    st.sampled_from(
        ["a", "k: ", "- ", "\n", "\n  ", "[", "]", "{", "}", ", ", "&x ", "*x", "<<: ", "'", '"',
         "\\", "\\ud800", "!t ", "? ", ": ", "|\n", "#", "---\n", "...\n", "%TAG ", "\t", "\r",
         "0123", "+1", "yes", "\x1b", "\u200b", "\u2028", "é", "\ufeff", "<<<<<<< "]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@pytest.mark.usefixtures("each_parser")
@given(FRAGMENTS | st.text(max_size=60))
@example("a: &x\n<<: [*x]")
@steady
def test_any_text_gives_a_document_or_problems(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=80))
@steady
def test_any_bytes_give_a_document_or_problems(raw: bytes) -> None:
    check(raw)


def check(raw: bytes) -> None:
    depth = sys.getrecursionlimit()
    document, problems = read_document("f.yaml", raw)
    assert isinstance(document, Document) or problems
    for problem in problems:
        assert problem.message.isprintable()
        assert (problem.line > 0) == (problem.column > 0)
        assert problem.line <= raw.count(b"\n") + 2
    assert sys.getrecursionlimit() == depth
