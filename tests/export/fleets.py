"""Made-up snapshots and defaults, with every text in them that a file could trip over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.model import LiveNumber, Snapshot
from reconciler.core.values import LIVE_SECRET, UNKNOWN, LiveValue, canonical_id

HOSTILE = (
    "no", "on", "y", "TRUE", "null", "~", "0123", "1_000", "0x1F", "1:30", "1e3", ".inf", "=",
    "<<", "2024-01-01", "+13125550001", "a: b", "a:", "# x", "x #y", "- a", "? a", "'", '"', "\\",
    "%", "!!python/x", "&a", "*a", "[a", "a,b", "@x", "`", "|", ">", "---", "...", "<<<<<<< x",
    "=======", " ", " lead", "trail ", "a\nb", "\n", "\t", "\r", "a\r\nb", "\x00", "\x1b[0m",
    "\x85", "\u00a0", "\u200b", "\u2028", "\u202e", "\ufeff", "\ud800", "\U000e0041", "é",
    "e\u0301", "😀", "x" * 5000, "{x}", "}{", "{{", "}}", "{number}", "{{number}}", "::error::x",
    "reconciler", "common",
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=8),
)
IDS = st.one_of(
    st.sampled_from(["1521916448077776306", "1521916448077776307", "00012", "odd id", "a:b"]),
    st.uuids(version=4).map(str),
    TEXTS,
).map(canonical_id)


def live_values(row: Field) -> st.SearchStrategy[LiveValue]:
    """What a snapshot may hold for a field."""
    none: st.SearchStrategy[LiveValue] = st.none()
    known: st.SearchStrategy[LiveValue]
    match row.type:
        case Type.BOOLEAN:
            known = st.booleans()
        case Type.ENUM:
            known = st.sampled_from(row.values)
            if row.null or row.meaningless_without:
                known = st.one_of(known, none)
        case Type.ID:
            known = st.one_of(none, IDS)
        case Type.TAGS:
            tags = st.sets(st.one_of(TEXTS, st.just("")), max_size=3)
            known = tags.map(lambda found: tuple(sorted(found)))
        case Type.E164:
            known = st.one_of(none, st.sampled_from(["+13035559123", "+13035559124", "sip:x"]))
        case Type.CNAM:
            known = st.one_of(
                none, st.sampled_from(["ACME", "no", "123", "TOO LONG A NAME FOR IT"])
            )
        case Type.PIN:
            known = st.one_of(none, st.just("4711"), st.just(LIVE_SECRET))
        case _:
            known = st.one_of(none, TEXTS)
    return st.one_of(known, known, known, known, st.just(UNKNOWN))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Up to twelve numbers a kind, in a row but for gaps, that share a few rows of values; some
    fields, and now and then a whole kind, were not read."""
    numbers: dict[str, LiveNumber] = {}
    columns: dict[Kind, tuple[str, ...]] = {}
    for kind, area in ((Kind.NUMBER, 312), (Kind.MOBILE, 331)):
        if draw(st.integers(0, 9)) == 9:
            continue
        most = draw(st.sampled_from([0, 0, 0, 3, 20]))
        unread = draw(st.sets(st.sampled_from(sorted(BY_PATH[kind])), max_size=most))
        columns[kind] = tuple(path for path in BY_PATH[kind] if path not in unread)
        row = st.tuples(*(live_values(BY_PATH[kind][path]) for path in columns[kind]))
        rows = draw(st.lists(row, min_size=1, max_size=3))
        # Texts that hold the number, as those of whole offices do.
        held = draw(st.sets(st.sampled_from(["customer_reference", "voice.translated_number"])))
        text = draw(st.sampled_from(["{}", "{{d}}{}", "x{}"]))
        whole = draw(st.booleans())
        gaps = draw(st.sets(st.integers(0, 11), max_size=3))
        for at in sorted(set(range(draw(st.integers(0, 12)))) - gaps):
            name = f"+1{area}555{at:04}"
            values = list(draw(st.sampled_from(rows)))
            if draw(st.booleans()) and values:
                place = draw(st.integers(0, len(values) - 1))
                values[place] = draw(live_values(BY_PATH[kind][columns[kind][place]]))
            for path in held & set(columns[kind]):
                values[columns[kind].index(path)] = text.format(name if whole else name[-4:])
            pairs = zip(columns[kind], values, strict=True)
            numbers[name] = LiveNumber(
                name,
                f"id-{area}-{at}",
                kind,
                draw(st.sampled_from(["active", "port-pending", "deleted", "of no known kind"])),
                draw(st.sampled_from(["US", "", "\x1b", "../x"])),
                "local",
                tuple(values),
                {path: "it was not read" for path, value in pairs if value is UNKNOWN},
            )
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    return Snapshot("https://api.example.com/v2", moment, (), columns, numbers)


def _declared(row: Field) -> st.SearchStrategy[Any]:
    """What the YAML may say of a field."""
    possible: list[st.SearchStrategy[Any]] = [st.none()] if row.null else []
    match row.type:
        case Type.BOOLEAN:
            possible.append(st.booleans())
        case Type.ENUM:
            possible.append(st.sampled_from(row.values))
        case Type.ID:
            possible.append(st.sampled_from(["1521916448077776306", "777", {"id": "odd id"}]))
        case Type.TAGS:
            possible += [
                st.lists(st.sampled_from(["x", "no", "{{z}}"]), max_size=2),
                st.sampled_from([{"add": ["x"]}, {"add": ["new"], "remove": ["no"]}]),
            ]
        case Type.E164:
            possible.append(st.just("+13035559123"))
        case Type.CNAM:
            possible.append(st.just("ACME"))
        case Type.PIN:
            possible.append(st.just({"env": "A_PIN"}))
        case _:
            possible.append(st.sampled_from(["x", "no", "{{z}}"]))
    return st.one_of(*possible)


@st.composite
def defaults(draw: st.DrawFn) -> dict[str, Any]:
    """The defaults of a project: a few settings, which need not go together."""
    rows = {path: row for kind in Kind for path, row in BY_PATH[kind].items() if row.writes}
    found: dict[str, Any] = {}
    for path in draw(st.sets(st.sampled_from(sorted(rows)), max_size=4)):
        *parents, leaf = path.split(".")
        level = found
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = draw(_declared(rows[path]))
    return found
