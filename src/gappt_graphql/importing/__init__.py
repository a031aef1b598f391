"""
Take the records of a file into an account's book: all of them or none, and twice is the same as once.

The file is described in docs/interchange.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.importing.checks import check_references, check_rosters, seat_listed_patients
from gappt_graphql.importing.files import BadLine, read_file
from gappt_graphql.importing.rows import SLICE, Row, Rows, prepare, stored
from gappt_graphql.importing.series import place_series
from gappt_graphql.interchange import ATTENDEE, GROUP_APPOINTMENT, KINDS, WAITLIST_ENTRY, Kind
from gappt_graphql.practice import changes
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import GroupAppointmentId, Ids
from gappt_graphql.store import Account, AuditRow, Edit, Store, WritableBook

_LINE_NAMES = (".jsonl", ".ndjson")

__all__ = ["BadRecords", "Counts", "Imported", "import_file"]


class Counts(Struct, frozen=True):
    """How many records of one kind are new, how many have changed, and how many are as before."""

    created: int
    updated: int
    unchanged: int


class Imported(Struct, frozen=True):
    """What an import did, by kind; kinds that the file does not have are left out."""

    by_kind: Mapping[str, Counts]

    @property
    def created(self) -> int:
        return sum(counts.created for counts in self.by_kind.values())

    @property
    def updated(self) -> int:
        return sum(counts.updated for counts in self.by_kind.values())

    @property
    def unchanged(self) -> int:
        return sum(counts.unchanged for counts in self.by_kind.values())


class BadRecords(Exception):
    """Every record that is refused, by the line on which it starts and the reason, in the order of the file."""

    def __init__(self, lines: Sequence[BadLine]) -> None:
        self.lines = sorted(set(lines))
        super().__init__(f"{len(self.lines)} bad records")


async def import_file(
    store: Store,
    *,
    account: Account,
    path: Path,
    now: datetime,
    ids: Ids,
    progress: Callable[[int, int], None],
    new_account: bool = False,
) -> Imported:
    """
    Write the records of a JSON or JSON Lines file into the account's book, in one transaction.

    With `new_account` that transaction writes the account as well. A record whose id is known is updated with what the
    file states of it. The change feed tells of every appointment that changes, the audit of the file as a whole by its
    digest.

    :raises BadRecords: if anything is wrong with any record; then nothing is written
    """
    data = await asyncio.to_thread(path.read_bytes)
    by_lines = path.suffix.lower() in _LINE_NAMES

    async def work(book: WritableBook) -> Imported:
        if new_account:
            await book.open_account(account)
        rows = Rows()
        for found in read_file(data, by_lines=by_lines):
            rows.add(found)
        steps = _Steps(2 * len(rows), progress)
        await book.hold(appointments=await _appointments(rows, book))
        await prepare(rows, book, now=now, progress=steps.take)
        await seat_listed_patients(rows, book, now=now, ids=ids)
        await check_references(rows, book)
        await place_series(rows, book)
        more = await check_rosters(rows, book)
        if rows.bad:
            raise BadRecords(rows.bad)
        await _set_rosters(rows, book, more, now=now)
        imported = Imported({kind.plural: counts for kind in KINDS if (counts := _counts(rows.of(kind).values()))})
        edits = _edits(rows)
        # Who leaves a place goes first: the group may shrink in an earlier slice than the one that says so.
        in_turn = sorted(edits, key=lambda edit: not _leaves(edit))
        for start in range(0, len(in_turn), SLICE):
            await book.save(in_turn[start : start + SLICE])
            steps.take(len(in_turn[start : start + SLICE]))
        if edits:
            told = changes.feed([*edits, *_beside(rows, more)], at=now)
            await book.journal(told, [_audit_row(data, imported, now=now, ids=ids)])
        steps.finish()
        return imported

    return await store.write(account.id, work)


class _Steps:
    """Tells how far the import is: half of the way is reading, half is writing."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def take(self, steps: int) -> None:
        self._done = min(self._done + steps, self._total)
        self._progress(self._done, self._total)

    def finish(self) -> None:
        self._progress(self._total, self._total)


async def _appointments(rows: Rows, book: WritableBook) -> set[GroupAppointmentId]:
    """Every appointment that the file is about, to be held: those in it, and those of its attendees and entries."""
    found = {GroupAppointmentId(id) for id in rows.of(GROUP_APPOINTMENT)}
    unnamed: dict[Kind, list[int]] = {ATTENDEE: [], WAITLIST_ENTRY: []}
    for kind, ids in unnamed.items():
        for row in rows.of(kind).values():
            group = row.fields.get("group_appointment_id")
            if isinstance(group, int):
                found.add(GroupAppointmentId(group))
            else:
                ids.append(row.id)
    # Where the file does not say of which appointment they are, the book does; that never changes.
    attendees = await stored(book, Attendee, unnamed[ATTENDEE])
    entries = await stored(book, WaitlistEntry, unnamed[WAITLIST_ENTRY])
    found |= {attendee.group_appointment_id for attendee in attendees.values()}
    return found | {entry.group_appointment_id for entry in entries.values()}


async def _set_rosters(rows: Rows, book: WritableBook, more: Mapping[int, int], *, now: datetime) -> None:
    """Let each appointment know how many seats are taken now; one that the file does not state is touched as well."""
    groups = rows.of(GROUP_APPOINTMENT)
    unstated = await stored(book, GroupAppointment, [id for id in more if id not in groups])
    for id, group in unstated.items():
        rows.put(Row(line=1, kind=GROUP_APPOINTMENT, id=id, fields={}, stated=False, before=group, after=group))
    for id, number in more.items():
        row = groups[id]
        after = row.after
        assert isinstance(after, GroupAppointment)
        kept = row.before is None or "updated_at" in row.fields
        updated_at = after.updated_at if kept else max(now, after.updated_at)
        row.after = replace(after, active_attendees=after.active_attendees + number, updated_at=updated_at)


def _edits(rows: Rows) -> list[Edit]:
    """The edits in an order in which each refers to earlier ones only, and nobody has two seats on the way."""
    edits: list[Edit] = []
    for kind in KINDS:
        these = [row for row in rows.of(kind).values() if row.edit is not None]
        if kind is GROUP_APPOINTMENT:
            these.sort(key=lambda row: getattr(row.after, "repeated_from_id", None) is not None)
        elif kind in (ATTENDEE, WAITLIST_ENTRY):
            these.sort(key=_takes_a_place)
        edits += [row.edit for row in these if row.edit is not None]
    return edits


def _beside(rows: Rows, more: Iterable[int]) -> list[Edit]:
    """The appointments that stay as they are while their attendees change: the change feed asks who runs them."""
    groups = (rows.of(GROUP_APPOINTMENT)[id] for id in more)
    return [Edit(row.before, row.before) for row in groups if row.edit is None and row.before is not None]


def _takes_a_place(row: Row) -> bool:
    if isinstance(row.after, Attendee):
        return row.after.active
    return isinstance(row.after, WaitlistEntry) and row.after.left_at is None


def _leaves(edit: Edit) -> bool:
    return isinstance(edit.before, Attendee) and isinstance(edit.after, Attendee) and not edit.after.active


def _counts(rows: Iterable[Row]) -> Counts | None:
    """Count the rows of one kind; None if there are none."""
    edits = [(row.before, row.edit) for row in rows if row.stated]
    created = sum(1 for before, _ in edits if before is None)
    updated = sum(1 for before, edit in edits if before is not None and edit is not None)
    return Counts(created, updated, len(edits) - created - updated) if edits else None


def _audit_row(data: bytes, imported: Imported, *, now: datetime, ids: Ids) -> AuditRow:
    told = {"sha256": sha256(data).hexdigest(), "counts": imported.by_kind}
    return AuditRow(
        at=now,
        key_id=None,
        actor=None,
        request_id="import",
        operation="Import",
        record_kind="Import",
        record_id=ids.next(now),
        before=None,
        after=msgspec.json.encode(told).decode(),
    )
