"""The starter project that `init` writes: commented, and valid as it is."""

from __future__ import annotations

import json

from reconciler.core.schema import numbers_schema

CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683  # v4.2.2"
ACTION = f"telnyx-reconciler/telnyx-reconciler@{'0' * 40}"

_PROJECT = """\
# yaml-language-server: $schema=schemas/numbers.schema.json
# The project file: what holds for every file below. All of it is optional.
version: 1

# Readable names for opaque ids, one mapping for each id field.
aliases: {}
#  connection_id:
#    support-trunk: "1521916448077776306"

# Named settings that numbers share. Mappings merge key by key, lists replace.
groups: {}
#  support:
#    connection_id: support-trunk
#    tags: [support]
#    voice: {inbound_call_screening: flag_calls}

# What an apply may not do. These are the values that hold anyway.
safety:
  max_changes_percent: 30      # of the declared numbers, once there are 10
  allow_release: false         # giving numbers back
  allow_emergency_off: false   # switching emergency service off
  allow_unlock: false          # taking a deletion lock off
  allow_unreadable: false      # writing what no answer of the API shows
"""

_NUMBERS = """\
# yaml-language-server: $schema=../schemas/numbers.schema.json
# What is not written here is not managed; null clears; a value sets.
version: 1

numbers: {}
#  "+13125550001":             # E.164, in quotes
#    groups: [support]
#    customer_reference: desk-1
#    external_pin: {env: PIN_DESK_1}
#    emergency: {emergency_enabled: true, emergency_address_id: "53829456729313"}
"""

IGNORE = """\
# Journals, snapshots, plans and reports hold account data; add what you name otherwise.
.reconciler/
journal.jsonl
live.json
plan.json
undo.json
report.html
report.md
"""
"""What Git should not keep of a project."""

_WORKFLOW = f"""\
name: numbers
on:
  pull_request:
  push: {{branches: [main]}}
  schedule: [{{cron: "17 5 * * *"}}]
permissions: {{contents: read}}
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      # Put the commit of the release that you use in place of the zeros, in full, here and below.
      - uses: {ACTION}
        with: {{mode: validate, upload: "false"}}
  look:
    # Without a key there is nothing to look at: pull requests from forks have none.
    if: github.event_name != 'pull_request'
    needs: validate
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - uses: {ACTION}
        with: {{mode: drift}}    # reads only; fails on any difference
        env:
          TELNYX_API_KEY: ${{{{ secrets.TELNYX_API_KEY }}}}
"""


def numbers_schema_text() -> str:
    """The schema of the YAML files, for editors."""
    return json.dumps(numbers_schema(), indent=2) + "\n"


def starter() -> dict[str, str]:
    """The files of a new project, by name."""
    return {
        "reconciler.yaml": _PROJECT,
        "numbers/example.yaml": _NUMBERS,
        "schemas/numbers.schema.json": numbers_schema_text(),
        ".gitignore": IGNORE,
        ".github/workflows/numbers.yml": _WORKFLOW,
    }
