"""What a policy is against is not taken over, and what breaks one in the account is left."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from tests.adopt.test_which_line_says_it import ONE, TWO
from tests.adopt.world import World, world

PROJECT = """\
policies:
  - {name: "has a desk", match: {tags: [desk]}, require: {customer_reference: {pattern: "^desk"}}}
  - name: emergency everywhere
    match: {}
    require: {emergency.emergency_enabled: true}
"""
SERVICE = '{emergency_enabled: true, emergency_address_id: "53829"}'
FLEET = f"""\
defaults: {{emergency: {SERVICE}}}
numbers:
  "{ONE}": {{customer_reference: desk-1, tags: [desk]}}
  "{TWO}": {{customer_reference: hall, tags: []}}
"""


def project(root: Path) -> World:
    return world(root, {"reconciler.yaml": PROJECT, "fleet.yaml": FLEET})


def reasons(account: World) -> dict[tuple[str, str], str]:
    """Why what is left is left; nothing of it is in the files."""
    found = account.adopt()
    left = {(each.phone_number, each.path): each.reason for each in found.left}
    assert left.keys().isdisjoint((each.phone_number, each.path) for each in found.fields)
    return left


def test_a_value_that_a_policy_is_against(tmp_path: Path) -> None:
    account = project(tmp_path)
    account.live[ONE]["customer_reference"] = "hall"
    why = 'what is live breaks the policy "has a desk"'
    assert reasons(account) == {(ONE, "customer_reference"): why.replace('"', "'")}
    assert account.text() == FLEET


def test_emergency_service_that_a_policy_wants(tmp_path: Path) -> None:
    account = project(tmp_path)
    account.live[ONE] |= {EMERGENCY_ENABLED: False, EMERGENCY_ADDRESS: None}
    account.live[TWO]["customer_reference"] = "lobby"
    left = reasons(account)
    assert (ONE, EMERGENCY_ENABLED) in left
    assert account.text() == FLEET.replace("hall", "lobby")


def test_a_value_that_makes_a_policy_mean_the_number(tmp_path: Path) -> None:
    account = project(tmp_path)
    account.live[TWO]["tags"] = ("desk",)
    left = reasons(account)
    assert (TWO, "customer_reference") in left
    assert (TWO, "tags") in left
    assert account.text() == FLEET


def test_a_warning_is_no_obstacle(tmp_path: Path) -> None:
    files = {
        "reconciler.yaml": PROJECT.replace("{name: ", "{level: warn, name: "),
        "fleet.yaml": FLEET,
    }
    account = world(tmp_path, files, (ONE, "customer_reference", "hall"))
    assert account.adopt().converged
