"""PINs: read when they are needed, only from where they may be, and never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.core.desired import build
from reconciler.core.model import Desired
from reconciler.core.values import Secret
from reconciler.errors import InputError
from reconciler.files import read_document
from reconciler.files.secrets import resolve_secrets

ONE = "+13125550001"
TWO = "+13125550002"


def declared(text: str) -> Desired:
    document, problems = read_document("a.yaml", text.encode())
    assert document is not None, problems
    desired, more = build(None, [document])
    assert (problems, more) == ([], [])
    return desired


def of(pin: str) -> Desired:
    """One number with that PIN."""
    return declared(f'numbers:\n  "{ONE}":\n    external_pin: {pin}\n')


def pins(desired: Desired, root: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """The PIN of each number, in order."""
    values = resolve_secrets(desired, root, environ or {})
    settings = [number.settings for number in desired.numbers.values()]
    return [values[each.get("external_pin").ref] for each in settings]


def complaint(desired: Desired, root: Path, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        resolve_secrets(desired, root, environ or {})
    return str(caught.value)


def test_the_api_key_is_nobodys_pin(tmp_path: Path) -> None:
    environ = {"TELNYX_API_KEY": "KEY_of_the_account", "COPY": "KEY_of_the_account"}
    for name in environ:
        said = complaint(of(f"{{env: {name}}}"), tmp_path, environ)
        assert f"env:{name} is the API key, and no PIN" in said
        assert "KEY_of_the_account" not in said


def test_a_pin_comes_from_the_environment(tmp_path: Path) -> None:
    assert pins(of("{env: PIN}"), tmp_path, {"PIN": "4711"}) == ["4711"]


@pytest.mark.parametrize("environ", [{}, {"PIN": ""}])
def test_a_variable_that_is_not_set_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    assert complaint(of("{env: PIN}"), tmp_path, environ) == (
        "a.yaml:3:5: environment variable PIN is not set (or empty)"
    )


@pytest.mark.parametrize("value", ["47\n11", "4711\n", "\x1b[31m", "\u202e4711"])
def test_a_pin_with_a_control_character_is_refused(tmp_path: Path, value: str) -> None:
    assert complaint(of("{env: PIN}"), tmp_path, {"PIN": value}) == (
        "a.yaml:3:5: the secret of env:PIN holds a line end or a control character"
    )


@pytest.mark.parametrize("text", ["4711", "4711\n", "4711\r\n"])
def test_a_pin_comes_from_a_file_without_its_line_end(tmp_path: Path, text: str) -> None:
    (tmp_path / "pin").write_bytes(text.encode())
    assert pins(of("{file: pin}"), tmp_path) == ["4711"]


def test_a_file_is_named_from_the_root_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "pin").write_text("4711", encoding="utf-8")
    assert pins(of("{file: secrets/pin}"), tmp_path) == ["4711"]


def test_a_link_within_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("4711", encoding="utf-8")
    (tmp_path / "link").symlink_to("pin")
    assert pins(of("{file: link}"), tmp_path) == ["4711"]


@pytest.mark.parametrize("text", ["47\n11\n", "4711\n\n", "\t4711"])
def test_a_file_of_several_lines_is_no_pin(tmp_path: Path, text: str) -> None:
    (tmp_path / "pin").write_text(text, encoding="utf-8")
    assert "line end or a control character" in complaint(of("{file: pin}"), tmp_path)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"1" * 4097, "is too large"),
        ("é".encode() * 4096, "is too large"),
    ],
)
def test_a_file_that_holds_no_pin_is_refused(tmp_path: Path, raw: bytes, why: str) -> None:
    (tmp_path / "pin").write_bytes(raw)
    assert complaint(of("{file: pin}"), tmp_path) == f"a.yaml:3:5: secret file pin {why}"


@pytest.mark.parametrize("name", ["../pin", "/etc/hostname", "a/../../pin", "link"])
def test_a_file_outside_of_the_project_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "pin").write_text("4711", encoding="utf-8")
    root = tmp_path / "project"
    root.mkdir()
    (root / "link").symlink_to("../pin")
    assert complaint(of(f"{{file: {name}}}"), root) == (
        f"a.yaml:3:5: secret file {name} is outside of the project"
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert complaint(of("{file: pin}"), tmp_path) == ("a.yaml:3:5: secret file pin does not exist")


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pin")
    assert complaint(of("{file: pin}"), tmp_path) == (
        "a.yaml:3:5: secret file pin is no plain file"
    )


def test_a_directory_is_no_secret_file(tmp_path: Path) -> None:
    (tmp_path / "pin").mkdir()
    assert "is no plain file" in complaint(of("{file: pin}"), tmp_path)


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "secret file a cannot be read" in complaint(of("{file: a}"), tmp_path)


def test_a_name_longer_than_any_file_is_an_error_of_bounded_length(tmp_path: Path) -> None:
    text = complaint(of("{file: " + "x" * 5000 + "}"), tmp_path)
    assert "cannot be read" in text
    assert len(text) < 200


def test_all_secrets_that_are_missing_come_at_once(tmp_path: Path) -> None:
    text = f"""\
numbers:
  "{ONE}": {{external_pin: {{env: PIN_1}}}}
  "{TWO}": {{external_pin: {{file: pin}}}}
"""
    assert complaint(declared(text), tmp_path).splitlines() == [
        "a.yaml:2:20: environment variable PIN_1 is not set (or empty)",
        "a.yaml:3:20: secret file pin does not exist",
    ]


def test_a_secret_that_many_numbers_share_is_missed_once(tmp_path: Path) -> None:
    text = f"""\
defaults: {{external_pin: {{env: PIN}}}}
numbers: {{"{ONE}": , "{TWO}": }}
"""
    assert len(complaint(declared(text), tmp_path).splitlines()) == 1


def test_a_secret_of_a_group_that_nobody_uses_is_not_needed(tmp_path: Path) -> None:
    text = f'groups: {{g: {{external_pin: {{env: PIN}}}}}}\nnumbers: {{"{ONE}": }}\n'
    assert resolve_secrets(declared(text), tmp_path, {}) == {}


def test_a_pin_that_is_cleared_needs_no_secret(tmp_path: Path) -> None:
    assert resolve_secrets(of("null"), tmp_path, {}) == {}


# ---- a PIN in clear -------------------------------------------------------------------------


def test_a_pin_in_clear_is_accepted(tmp_path: Path) -> None:
    assert pins(of('"4711"'), tmp_path) == ["4711"]


def test_a_pin_in_clear_is_warned_about() -> None:
    assert [str(each) for each in of('"4711"').warnings] == [
        "a.yaml:3:5: external_pin stands here in clear: prefer {env: NAME} or {file: PATH}"
    ]


def test_a_pin_elsewhere_is_not_warned_about() -> None:
    assert of("{env: PIN}").warnings == ()


def test_a_pin_in_clear_of_a_shared_group_is_warned_about_once() -> None:
    text = f"""
groups: {{g: {{external_pin: "4711"}}}}
numbers: {{"{ONE}": {{groups: [g]}}, "{TWO}": {{groups: [g]}}}}
"""
    assert len(declared(text).warnings) == 1


def test_a_pin_in_clear_is_in_no_repr() -> None:
    assert "4711" not in repr(of('"4711"'))


def test_a_setting_holds_where_a_pin_stands_instead_of_the_pin() -> None:
    number = of('"4711"').numbers[ONE]
    assert number.settings.get("external_pin") == Secret("yaml:a.yaml:3:5")


def test_two_pins_on_one_line_stay_two(tmp_path: Path) -> None:
    text = f'numbers: {{"{ONE}": {{external_pin: "1"}}, "{TWO}": {{external_pin: "2"}}}}\n'
    assert pins(declared(text), tmp_path) == ["1", "2"]


def test_a_pin_in_an_anchored_mapping_is_that_of_each_number(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}": &same {{external_pin: "1"}}\n  "{TWO}": *same\n'
    assert pins(declared(text), tmp_path) == ["1", "1"]
