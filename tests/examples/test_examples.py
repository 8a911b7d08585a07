"""Every example has a README, plans as its file shows, and can be applied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.safety import Allowance
from tests.apply.account import Account
from tests.cli.support import Shell
from tests.examples.example import EXAMPLES, fleet

by_name = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account(fleet=fleet())


@by_name
def test_an_example_plans_as_its_file_shows(
    account: Account, reconciler: Shell, example: Path
) -> None:
    shutil.copytree(example, account.root, dirs_exist_ok=True)
    assert reconciler("plan").out == (example / "plan.txt").read_text(encoding="utf-8")


@by_name
def test_an_example_can_be_applied_and_then_has_nothing_left_to_do(
    account: Account, reconciler: Shell, example: Path
) -> None:
    shutil.copytree(example, account.root, dirs_exist_ok=True)
    options = [each.option for each in Allowance if each is not Allowance.EMPTY_ACCOUNT]
    reconciler("apply", "--auto-approve", *options)
    again = account.plan(allow=frozenset(Allowance)).plan.difference
    assert again.changes == ()


@by_name
def test_an_example_has_a_readme_with_a_title(example: Path) -> None:
    assert (example / "README.md").read_text(encoding="utf-8").startswith("# ")
