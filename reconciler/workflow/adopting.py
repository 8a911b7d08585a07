"""`drift --adopt`: what the account holds, written into the YAML. Nothing in here can write to the
account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler.core.adoptable import Drifted, Left
from reconciler.core.adopting import Adoption, Known, LineEdit, OwnEdit, Place, adopt, unlike
from reconciler.core.assigning import assigned
from reconciler.core.declared import compact
from reconciler.core.desired import build
from reconciler.core.documents import Document
from reconciler.core.hints import quoted
from reconciler.core.judging import judge_declared, judges_of
from reconciler.core.layering import Layering
from reconciler.core.model import Desired, Source
from reconciler.core.policies import ERROR, Unjudged, Violation
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.errors import InputError, UsageError
from reconciler.files import Loaded, load_documents, open_source, read_document, source_files
from reconciler.files.cells import SheetEditing
from reconciler.files.emit import may_stand
from reconciler.files.output import Rewrite, rewrite_files
from reconciler.files.sheet import find_sheet, read_sheet
from reconciler.files.splice import Editing, NotEditableError, nested
from reconciler.files.tree import SourceFile
from reconciler.workflow.common import name_in
from reconciler.workflow.planning import Planned

_MOST_ROUNDS = 50
_CHANGED = "the files were changed while the account was read: nothing was written; run it again"
_IN_A_SHEET = "a row of a sheet declares its whole block: take it out of that by hand"
_BY_A_RULE = "no line of its own declares it, but a rule of assign: declare the number in a file"
_MEANS_MORE = "it cannot be written without a change of what else is declared: edit it by hand"


Editor = Editing | SheetEditing


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was written: the fields, each with the line that declares it now, and the names of the
    files; and the differences that are left. `undeclared` are live numbers that nobody declares,
    where that is a finding."""

    fields: tuple[Drifted, ...]
    files: tuple[str, ...]
    left: tuple[Left, ...]
    undeclared: tuple[str, ...]

    @property
    def converged(self) -> bool:
        """Whether the files declare what is live now, as far as was asked."""
        return not self.left and not self.undeclared


def adopt_drift(path: Path, planned: Planned) -> Adopted:
    """Write the live values of what has drifted into the files at `path`, all or nothing.

    What is written is read again first, strictly, and compared with what was declared: nothing
    but the adopted fields may have moved, of any number. InputError where the files are not as
    they were, UsageError where they cannot be written.
    """
    if not planned.plan.has_drift:
        return Adopted((), (), (), ())
    work = _Work(path, planned)
    adoption, edited = work.settled()
    difference = planned.plan.difference
    rewrite_files([Rewrite(file.where, raw, after) for file, raw, after in edited.changed])
    fields = tuple(
        sorted((_now_at(each, edited.desired) for each in adoption.drifted), key=_by_place)
    )
    names = tuple(file.path for file, _, _ in edited.changed)
    left = (*adoption.left, *_against_policies(planned, adoption.left))
    return Adopted(fields, names, left, difference.undeclared)


def _against_policies(planned: Planned, left: Iterable[Left]) -> Iterator[Left]:
    """What of the account breaks a policy, or may: no YAML can put that right."""
    listed = {(each.phone_number, each.path) for each in left}
    told: tuple[Violation | Unjudged, ...] = (*planned.plan.violations, *planned.plan.unjudged)
    for each in told:
        if each.level != ERROR or (each.phone_number, each.path) in listed:
            continue
        reason = _breaks(each.policy)
        if isinstance(each, Unjudged):
            reason = (
                f"whether it breaks the policy {quoted(each.policy)} is not known: {each.reason}"
            )
        yield Left(each.phone_number, each.path, reason, each.source)


_NUMBER = re.compile(r"\+[0-9]+")
"""A number in a sentence, to its end: one may begin as another does."""


def _breaks(policy: str) -> str:
    return f"what is live breaks the policy {quoted(policy)}"


@dataclass(frozen=True, slots=True)
class _Edited:
    """The files with new content, what they held and will hold; and what all then declare."""

    changed: tuple[tuple[SourceFile, bytes, bytes], ...]
    desired: Desired


class _Work:
    """One adoption: planned, written in memory, and planned anew without what went wrong."""

    def __init__(self, path: Path, planned: Planned) -> None:
        self._planned = planned
        self._loaded = load_documents(path, Path.cwd())
        if self._loaded.digest != planned.project.digest:
            raise UsageError(_CHANGED)
        self._files = {file.path: file for file in source_files(path, Path.cwd())}
        self._sheets = dict(_sheets_of(self._loaded, self._files))
        self._files |= self._sheets
        self._raw: dict[str, bytes] = {}
        self._before = self._built(self._loaded)
        self._closed: set[Place] = set()
        self._refused = {
            (each.phone_number, each.path): _breaks(each.policy)
            for each in planned.plan.violations
            if each.level == ERROR
        }
        self._broken = _broken(self._before)

    def settled(self) -> tuple[Adoption, _Edited]:
        """What can be written, and the files with it."""
        loaded, project = self._loaded, self._planned.project
        known = Known(
            compact(self._before.numbers),
            Layering(loaded.project, loaded.documents),
            project.desired.assigning,
            may_stand,
            shared_unseen=loaded.selected is not None and _assigns(loaded),
        )
        difference, snapshot = self._planned.plan.difference, self._planned.snapshot
        for _ in range(_MOST_ROUNDS):
            adoption = adopt(difference, snapshot, known, self._closed, self._refused)
            if adoption.unplaced:
                for number, field in adoption.unplaced:
                    self._refuse(number, [field], _BY_A_RULE)
                continue
            edited = self._edited(adoption)
            if edited is not None and self._is_as_expected(adoption, edited):
                return adoption, edited
        raise UsageError("the drift cannot be adopted: nothing was written; please report this")

    def _edited(self, adoption: Adoption) -> _Edited | None:
        """The files with every edit; None where one was refused, which is noted."""
        editing: dict[str, Editor] = {}
        before = len(self._closed) + len(self._refused)
        for line in adoption.lines:
            try:
                _set_line(self._opened(editing, line.place[0]), line)
            except NotEditableError:
                self._closed.add(line.place)
        for own in self._parts(adoption.own):
            try:
                _set_own(self._opened(editing, own.source.path), own)
            except NotEditableError as error:
                self._refuse(own.phone_number, own.values, str(error))
        if len(self._closed) + len(self._refused) > before:
            return None
        texts: dict[str, bytes] = {}
        for path, each in editing.items():
            try:
                texts[path] = each.result()
            except NotEditableError as error:
                self._give_up(adoption, path, str(error))
        if len(texts) < len(editing):
            return None
        try:
            return self._read(texts)
        except InputError as error:
            self._blame(adoption, str(error))
            return None

    def _parts(self, edits: Iterable[OwnEdit]) -> Iterator[OwnEdit]:
        """What to write by number; a sheet takes each field by itself, as a column that is missing
        is no reason against the others."""
        for own in sorted(edits, key=lambda each: each.phone_number):
            if own.source.path in self._sheets:
                yield from (own._replace(values={path: own.values[path]}) for path in own.values)
            else:
                yield own

    def _opened(self, editing: dict[str, Editor], path: str) -> Editor:
        if path not in editing:
            kind = SheetEditing if path in self._sheets else Editing
            editing[path] = kind(self._raw_of(path))
        return editing[path]

    def _raw_of(self, path: str) -> bytes:
        if path not in self._raw:
            raw = open_source(self._files[path])
            if not isinstance(raw, bytes):
                raise InputError([raw])
            self._raw[path] = raw
        return self._raw[path]

    def _refuse(self, number: str, paths: Iterable[str], reason: str) -> None:
        for path in paths:
            self._refused.setdefault((number, path), reason)

    def _give_up(self, adoption: Adoption, path: str, reason: str) -> None:
        """Take nothing more from a file whose edits do not go together."""
        for line in adoption.lines:
            if line.place[0] == path:
                self._closed.add(line.place)
        for own in adoption.own:
            if own.source.path == path:
                self._refuse(own.phone_number, own.values, reason)

    def _read(self, texts: Mapping[str, bytes]) -> _Edited:
        """What the files declare with their new content, read as strictly as ever."""
        loaded = self._loaded
        project = loaded.project and _reread(loaded.project, texts)
        documents = tuple(_reread(each, texts) for each in loaded.documents)
        desired = self._built(replace(loaded, project=project, documents=documents))
        changed = tuple(
            (self._files[path], self._raw[path], after)
            for path, after in texts.items()
            if after != self._raw[path]
        )
        return _Edited(changed, desired)

    def _built(self, loaded: Loaded) -> Desired:
        """Everything that the project declares, whichever file was asked for."""
        desired, problems = build(
            loaded.project,
            loaded.documents,
            unread=loaded.incomplete,
            name_of=name_in(loaded),
        )
        if wrong := loaded.all_problems(problems):
            raise InputError(wrong)
        if self._planned.project.desired.assigning and desired.assigning:
            desired = assigned(desired, desired.assigning, self._planned.snapshot)
        return desired

    def _is_as_expected(self, adoption: Adoption, edited: _Edited) -> bool:
        """Whether nothing moved but what is adopted; where something did, the edits that may
        have done it are noted as not to be made: lines of many numbers first."""
        before, after = self._before, edited.desired
        wrong = list(
            unlike(
                before.numbers, after.numbers, adoption.expected, (before.secrets, after.secrets)
            )
        )
        if not wrong:
            return self._keeps_policies(adoption, after) and _settings(before) == _settings(after)
        self._blame(adoption, "", frozenset(wrong))
        return False

    def _keeps_policies(self, adoption: Adoption, after: Desired) -> bool:
        """Whether no number is declared against a policy that was not before; of those that are,
        the fields that did it are refused."""
        broken = _broken(after).items() - self._broken.items()
        for (number, path), policy in broken:
            drifted = [each.path for each in adoption.drifted if each.phone_number == number]
            self._refuse(number, [path] if path in drifted else drifted, _breaks(policy))
        return not broken

    def _blame(
        self, adoption: Adoption, text: str, wrong: Set[tuple[str, str]] = frozenset()
    ) -> None:
        """Note the edits that may have moved what is `wrong`, by number and path, or made the
        project one that is wrong in itself, as `text` says: not to be made again. Lines of many
        numbers are the first to be given up."""
        paths = {path for _, path in wrong}
        known = paths and "" not in paths
        lines = {each.place for each in adoption.lines if not known or each.path in paths}
        if lines:
            self._closed |= lines
            return
        mine = {(own.phone_number, path) for own in adoption.own for path in own.values}
        numbers = frozenset(_NUMBER.findall(text))
        named = {each for each in mine if each in wrong or each[0] in numbers}
        for number, path in named or mine:
            self._refuse(number, [path], _MEANS_MORE)


def _sheets_of(loaded: Loaded, files: Mapping[str, SourceFile]) -> Iterator[tuple[str, SourceFile]]:
    """The CSV files of a project, by name as shown."""
    for document in (loaded.project, *loaded.documents):
        if document is not None and document.sheet is not None:
            named = document.data["numbers_from"]
            yield document.sheet.path, find_sheet(loaded.root, files[document.path], named)


def _set_line(editing: Editor, line: LineEdit) -> None:
    _, row, column = line.place
    if isinstance(editing, SheetEditing):
        editing.set_line(row, line.path, line.value)
    else:
        editing.set_line(row, column, line.value)


def _set_own(editing: Editor, own: OwnEdit) -> None:
    line, column, settings = own.source.line, own.source.column, nested(own.values)
    if isinstance(editing, SheetEditing):
        if own.in_block:
            raise NotEditableError(_IN_A_SHEET)
        editing.set_own(line, settings)
    elif own.in_block:
        editing.add_beside(line, column, own.phone_number, settings)
    else:
        editing.set_own(line, column, settings)


def _reread(document: Document, texts: Mapping[str, bytes]) -> Document:
    """The same document with its new text, and that of its sheet. InputError."""
    sheet = document.sheet
    if sheet is not None and sheet.path in texts:
        sheet, problems = read_sheet(sheet.path, texts[sheet.path])
        if sheet is None or problems:
            raise InputError(problems)
    if document.path not in texts:
        return replace(document, sheet=sheet) if sheet else document
    again, problems = read_document(document.path, texts[document.path])
    if again is None or problems:
        raise InputError(problems)
    return replace(again, sheet=sheet)


def _broken(desired: Desired) -> dict[tuple[str, str], str]:
    """What is declared against a policy, by number and path, and the name of that."""
    policies = [each for each in desired.policies if each.level == ERROR]
    found = judge_declared(judges_of(policies), desired.numbers) if policies else ()
    return {
        (number, each.finding.condition.path): each.finding.policy.name
        for each in found
        if not each.finding.unknown
        for number in each.numbers
    }


def _settings(desired: Desired) -> tuple[Any, ...]:
    """What a project says besides its numbers."""
    return desired.safety, desired.limits, desired.prices, desired.api_key_env, desired.base_url


def _assigns(loaded: Loaded) -> bool:
    data = loaded.project.data if loaded.project else None
    return isinstance(data, dict) and bool(data.get("assign"))


def _by_place(drifted: Drifted) -> Source:
    return drifted.source


def _now_at(drifted: Drifted, desired: Desired) -> Drifted:
    """The same with the line that declares it now."""
    settings = desired.numbers[drifted.phone_number].settings
    path = drifted.path
    if path not in settings.paths and path == EMERGENCY_ADDRESS:
        path = EMERGENCY_ENABLED  # switched off, which clears the address
    return replace(drifted, source=settings.sources[settings.paths.index(path)])
