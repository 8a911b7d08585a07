"""A stand-in for GitHub's `gh`: the few calls that the action and the examples make.

Run as a script with $FAKE_GH naming a directory: state.json is what "GitHub" holds, calls.jsonl
every call. --jq is answered by the real jq, page by page, as gh does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOME = Path(os.environ.get("FAKE_GH", "."))
ME = "github-actions[bot]"
PAGE = 2
"""Comments on a page, so that a page turns in a small test."""


def main(words: list[str]) -> None:
    """One call of gh."""
    with (HOME / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(words) + "\n")
    assert os.environ["GH_TOKEN"], "gh needs a token"
    state = json.loads((HOME / "state.json").read_text())
    _DO[words[0]](state, words[1:])
    (HOME / "state.json").write_text(json.dumps(state))


def _options(words: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    plain: list[str] = []
    found: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if word in {"--paginate", "--force"}:
            found[word] = []
        elif word.startswith("-"):
            found.setdefault(word, []).append(next(rest))
        else:
            plain.append(word)
    return plain, found


def _fields(given: list[str]) -> dict[str, str]:
    fields = dict(each.split("=", 1) for each in given)
    return {
        name: Path(value[1:]).read_text() if value.startswith("@") else value
        for name, value in fields.items()
    }


def _show(pages: list[Any], options: dict[str, list[str]]) -> None:
    for page in pages:
        text = json.dumps(page)
        if "--jq" in options:
            command = ["jq", "-r", options["--jq"][0]]
            done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
            text = done.stdout
        sys.stdout.write(text)


def _api(state: dict[str, Any], words: list[str]) -> None:
    (address,), options = _options(words)
    url = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    method = options.get("--method", ["GET"])[0]
    fields = _fields(options.get("-F", []))
    if found := re.fullmatch(r"repos/o/r/issues/(\d+)/comments", url.path):
        comments: list[Any] = state["comments"].setdefault(found[1], [])
        if method == "POST":
            new = {"id": 100 + len(comments), "user": {"login": ME}, "body": fields["body"]}
            comments.append(new)
            _show([new], options)
        else:
            pages = [comments[at : at + PAGE] for at in range(0, len(comments), PAGE)] or [[]]
            _show(pages if "--paginate" in options else pages[:1], options)
    elif found := re.fullmatch(r"repos/o/r/issues/comments/(\d+)", url.path):
        assert method == "PATCH"
        each = (one for comments in state["comments"].values() for one in comments)
        comment = next(one for one in each if one["id"] == int(found[1]))
        comment["body"] = fields["body"]
        _show([comment], options)
    elif found := re.fullmatch(r"repos/o/r/commits/(\w+)/pulls", url.path):
        _show([state["pulls"]], options)
    else:
        assert re.fullmatch(r"repos/o/r/actions/workflows/[\w.-]+/runs", url.path), address
        asked = {name: query[name] for name in ("head_sha", "event", "status")}
        runs = [run for run in state["runs"] if asked.items() <= run.items()]
        _show([{"workflow_runs": runs[: int(query["per_page"])]}], options)


def _run(state: dict[str, Any], words: list[str]) -> None:
    (verb, run), options = _options(words)
    assert verb == "download"
    source = state["artifacts"].get(f"{run}/{options['--name'][0]}")
    if source is None:
        sys.exit("no artifact matches")
    shutil.copytree(source, options["--dir"][0])


def _issue(state: dict[str, Any], words: list[str]) -> None:
    (verb, *which), options = _options(words)
    issues: list[Any] = state["issues"]
    if verb == "list":
        label = options["--label"][0]
        _show([[one for one in issues if one["open"] and label in one["labels"]]], options)
        return
    if verb == "create":
        labels = options["--label"]
        assert set(labels) <= set(state["labels"]), "the label does not exist"
        issues.append(
            {"number": len(issues) + 1, "open": True, "labels": labels, "comments": []}
            | {"title": options["--title"][0]}
        )
        which = [str(len(issues))]
    issue = issues[int(which[0]) - 1]
    if "--body-file" in options:
        issue["body"] = Path(options["--body-file"][0]).read_text()
    if verb == "close":
        issue["open"] = False
        issue["comments"] += options["--comment"]


def _label(state: dict[str, Any], words: list[str]) -> None:
    (verb, name), options = _options(words)
    assert verb == "create"
    assert "--force" in options or name not in state["labels"]
    state["labels"] = sorted({*state["labels"], name})


_DO = {"api": _api, "run": _run, "issue": _issue, "label": _label}

if __name__ == "__main__":
    main(sys.argv[1:])
