"""The schemas mean the same to an implementation that the program does not use (jschon).

At run time jsonschema-rs judges, and jsonschema words what it found; an editor uses a third. What
is written by hand in examples, and what the program itself writes, is valid to all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jschon
import jsonschema_rs
import msgspec
import pytest

from reconciler.core.planfile import plan_document, plan_schema
from reconciler.core.schema import numbers_schema
from reconciler.core.scope import Scope
from reconciler.core.snapshotfile import snapshot_document, snapshot_schema
from reconciler.core.starter import starter
from reconciler.files import read_document
from reconciler.sandbox.generate import make_fleet
from reconciler.workflow.exporting import Manner, export_new
from tests.apply.conftest import MakeAccount
from tests.export.support import snapshot_of

# jschon has not followed its library for addresses yet.
pytestmark = pytest.mark.filterwarnings("ignore:Please use rfc3986:DeprecationWarning")
EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = {str(each.relative_to(EXAMPLES)): each for each in EXAMPLES.rglob("*.yaml")}
SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "numbers": numbers_schema,
    "plan": plan_schema,
    "snapshot": snapshot_schema,
}


@cache
def _catalog() -> jschon.Catalog:
    return jschon.create_catalog("2020-12")


@cache
def _schema(name: str) -> jschon.JSONSchema:
    return jschon.JSONSchema(SCHEMAS[name](), catalog=_catalog())


def is_valid(name: str, data: Any) -> bool:
    """Whether the other implementation takes `data`."""
    return bool(_schema(name).evaluate(jschon.JSON(data)).valid)


def document(text: str, name: str = "a.yaml") -> Any:
    found, problems = read_document(name, text.encode())
    assert found is not None, problems
    return found.data


def _of_a_project(name: str) -> bool:
    """Whether a file of the examples declares numbers; workflows of CI are YAML too."""
    return not name.startswith("ci/") or name.endswith("reconciler.yaml")


@pytest.mark.parametrize("name", sorted(filter(_of_a_project, FILES)))
def test_examples_are_valid(name: str) -> None:
    assert is_valid("numbers", document(FILES[name].read_text()))


@pytest.mark.parametrize("name", [each for each in starter() if each.endswith(".yaml")])
def test_what_init_writes_is_valid(name: str) -> None:
    assert is_valid("numbers", document(starter()[name]))


@pytest.mark.parametrize(
    "manner", [Manner(), Manner("tag"), Manner(csv=True), Manner(aliases=True)]
)
def test_what_export_writes_is_valid(manner: Manner) -> None:
    fleet = make_fleet(60, seed=1)
    files = export_new(snapshot_of([*fleet.numbers, *fleet.mobiles]), Scope(), manner).files
    for name, text in files.items():
        if name.endswith(".yaml"):
            assert is_valid("numbers", document(text)), name


def test_plans_and_snapshots_are_valid(make_account: MakeAccount) -> None:
    account = make_account(fleet=make_fleet(20, seed=1))
    account.declare({"+13125550000": {"customer_reference": "x"}})
    planned = account.plan()
    assert is_valid("plan", _as_read(plan_document(planned.plan)))
    assert is_valid("snapshot", _as_read(snapshot_document(planned.snapshot)))


def _as_read(data: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(data))


def _slips() -> Iterator[tuple[str, Any]]:
    number = "+13125550001"
    yield "unknown key", {"number": {}}
    yield "unknown setting", {"numbers": {number: {"voice": {"screening": "x"}}}}
    yield "no number", {"numbers": {"13125550001": {}}}
    yield "no block", {"numbers": {f"{number}...{number}": {}}}
    yield "no boolean", {"numbers": {number: {"hd_voice_enabled": "yes"}}}
    yield "null that is none", {"numbers": {number: {"hd_voice_enabled": None}}}
    yield "no such value", {"defaults": {"voice": {"inbound_call_screening": "maybe"}}}
    yield "release and more", {"numbers": {number: {"release": True, "tags": []}}}
    yield "release of a block", {"numbers": {f"{number}..{number}": {"release": True}}}
    yield "no version", {"version": 2}
    yield "no alias", {"aliases": {"connection_id": {"main": "trunk"}}}
    yield "no limit", {"limits": {"page_size": 251}}
    yield "Arabic digits", {"numbers": {"+١٣١٢٥٥٥٠٠٠١": {}}}
    yield "a newline", {"numbers": {f"{number}\n": {}}}


@pytest.mark.parametrize(("what", "data"), list(_slips()))
def test_both_refuse_the_same_slips(what: str, data: Any) -> None:
    ours = jsonschema_rs.Draft202012Validator(numbers_schema()).is_valid(data)
    assert (ours, is_valid("numbers", data)) == (False, False), what
