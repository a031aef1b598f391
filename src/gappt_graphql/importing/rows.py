"""What an import works on: each record of the file beside the stored one, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct

from gappt_graphql.importing.files import BadLine, Found
from gappt_graphql.interchange import BY_PLURAL, Kind, read
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Book, Edit, Record

R = TypeVar("R", bound=Record)

# A set of keys is one parameter of a statement; this many keep it small.
SLICE = 5_000

# What an attendee or an entry is about, and to which series an appointment belongs, stays as it is.
_FIXED = {
    "group_appointment": ("repeated_from_id",),
    "attendee": ("group_appointment_id", "patient_id"),
    "waitlist_entry": ("group_appointment_id", "patient_id"),
}
_NOT_VERSIONED = frozenset({"version", "active_attendees", "updated_at", "created_at", "series_position", "plan"})


class Row(Struct, kw_only=True):
    """
    One record of the file: what it states, what is stored, and what is to be stored.

    One with a fault is kept, so that references to it are not reported too. One that is not `stated` is an
    appointment of the book that changes with the others.
    """

    line: int
    kind: Kind
    id: int
    fields: dict[str, object]
    patient_ids: tuple[int, ...] = ()
    faulty: bool = False
    stated: bool = True
    before: Record | None = None
    after: Record | None = None

    @property
    def edit(self) -> Edit | None:
        """Return what changes, if anything does."""
        return None if self.after is None or self.after == self.before else Edit(self.before, self.after)


class Rows:
    """All rows of a file, found by kind and id, and what is wrong with them."""

    def __init__(self) -> None:
        self.bad: list[BadLine] = []
        self._rows: dict[str, dict[int, Row]] = {name: {} for name in BY_PLURAL}

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def of(self, kind: Kind) -> Mapping[int, Row]:
        """Return the rows of a kind by id."""
        return self._rows[kind.plural]

    def add(self, found: Found | BadLine) -> None:
        """Take a record as the file states it; what its fields can't hold is noted."""
        if not isinstance(found, Found):
            self.bad.append(found)
            return
        fields, reasons = read(found.kind, found.given)
        id = fields.pop("id", None)
        if "id" not in found.given:
            reasons.append("id is missing")
        self.bad += [(found.line, reason) for reason in reasons]
        if not isinstance(id, int):
            return
        patients = fields.pop("patient_ids", ())
        row = Row(line=found.line, kind=found.kind, id=id, fields=fields, faulty=bool(reasons))
        row.patient_ids = patients if isinstance(patients, tuple) else ()
        rows = self._rows[found.kind.plural]
        if id in rows:
            self.bad.append((found.line, f"the {found.kind.tag} {id} is in line {rows[id].line} already"))
        else:
            rows[id] = row

    def put(self, row: Row) -> None:
        """Take a row that the import itself made."""
        self._rows[row.kind.plural][row.id] = row

    def refuse(self, row: Row, reason: str) -> None:
        """Note what is wrong with a row."""
        self.bad.append((row.line, reason))
        row.faulty, row.after = True, None


async def stored(book: Book, kind: type[R], ids: Iterable[int]) -> dict[int, R]:
    """Return the stored records of these ids, however many they are."""
    wanted = list(ids)
    found: dict[int, R] = {}
    for start in range(0, len(wanted), SLICE):
        found |= await book.find(kind, wanted[start : start + SLICE])
    return found


async def prepare(rows: Rows, book: Book, *, now: datetime, progress: Callable[[int], None]) -> None:
    """Set each row's `before` from the book, and its `after` from both."""
    for kind in BY_PLURAL.values():
        these = rows.of(kind)
        known = await stored(book, kind.record, these)
        for row in these.values():
            row.before = known.get(row.id)
            if not row.faulty:
                _make(rows, row, now=now)
        progress(len(these))


def _make(rows: Rows, row: Row, *, now: datetime) -> None:
    if row.before is None:
        known = {"id", *row.fields}
        missing = [field.keys[0] for field in row.kind.fields if field.required and field.name not in known]
        if missing:
            rows.refuse(row, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
            return
        row.after = row.kind.record(**(_defaults(row, now) | row.fields | {"id": row.id}))  # type: ignore[arg-type]
    else:
        row.after = _revised(row, now)
    _check_alone(rows, row, now)


def _defaults(row: Row, now: datetime) -> dict[str, object]:
    created = row.fields.get("created_at", now)
    defaults: dict[str, object] = {"created_at": created, "updated_at": created}
    if row.kind.tag in ("practitioner", "patient"):
        defaults |= {"first_name": None, "last_name": None}
    return {name: value for name, value in defaults.items() if name in row.kind.record.__struct_fields__}


def _revised(row: Row, now: datetime) -> Record:
    """The stored record with the file's values. Its version only grows, and only with its own fields."""
    before = row.before
    assert before is not None
    fields = {name: value for name, value in row.fields.items() if name != "version"}
    changed = {name for name, value in fields.items() if getattr(before, name) != value}
    if not changed:
        return before
    if "updated_at" not in fields and "updated_at" in before.__struct_fields__:
        fields["updated_at"] = now
    if isinstance(before, GroupAppointment) and changed - _NOT_VERSIONED:
        fields["version"] = before.version + 1
    return msgspec.structs.replace(before, **fields)


def _check_alone(rows: Rows, row: Row, now: datetime) -> None:
    """What can be said of a record without any other."""
    starts_at, ends_at = getattr(row.after, "starts_at", None), getattr(row.after, "ends_at", None)
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        rows.refuse(row, "ends_at must be after starts_at")
        return
    born = getattr(row.after, "date_of_birth", None)
    # Somewhere it may be tomorrow already.
    if born is not None and born > now.date() + timedelta(days=1):
        rows.refuse(row, "date_of_birth lies in the future")
        return
    for name in _FIXED.get(row.kind.tag, ()) if row.before is not None else ():
        if getattr(row.before, name) != getattr(row.after, name):
            rows.refuse(row, f"the {row.kind.tag} {row.id} is in the book with another {name.removesuffix('_id')}")
            return


def slices(ids: Collection[int]) -> Sequence[list[int]]:
    """Return the ids in lists short enough for one question to the book."""
    ordered = sorted(ids)
    return [ordered[start : start + SLICE] for start in range(0, len(ordered), SLICE)]
