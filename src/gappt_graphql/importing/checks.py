"""What must hold between the records of a file and those of the book: references, seats, and no patient twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from gappt_graphql.importing.rows import Row, Rows, slices, stored
from gappt_graphql.interchange import ATTENDEE, BY_PLURAL, GROUP_APPOINTMENT, WAITLIST_ENTRY
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId, Ids, PatientId
from gappt_graphql.store import Book


async def seat_listed_patients(rows: Rows, book: Book, *, now: datetime, ids: Ids) -> None:
    """
    Make an attendee of each patient whom an appointment lists in `patient_ids` and of whom there is no attendee.

    Where there is one, in the file or in the book, that one tells whether the patient comes.
    """
    listed = {
        (row.id, patient): row
        for row in rows.of(GROUP_APPOINTMENT).values()
        if not row.faulty
        for patient in row.patient_ids
    }
    for row in rows.of(ATTENDEE).values():
        group, patient = row.fields.get("group_appointment_id"), row.fields.get("patient_id")
        if row.before is not None:
            group, patient = row.before.group_appointment_id, row.before.patient_id  # type: ignore[union-attr]
        listed.pop((group, patient), None)  # type: ignore[arg-type]
    known = {row.id for row in listed.values() if row.before is not None}
    for some in slices(known):
        attendees = await book.attendees_of([GroupAppointmentId(id) for id in some], include_cancelled=True)
        for known_id, present in attendees.items():
            for attendee in present:
                listed.pop((known_id, attendee.patient_id), None)
    for (group_id, patient_id), row in listed.items():
        attendee = Attendee(
            id=AttendeeId(ids.next(now)),
            group_appointment_id=GroupAppointmentId(group_id),
            patient_id=PatientId(patient_id),
            created_at=now,
            updated_at=now,
        )
        rows.put(Row(line=row.line, kind=ATTENDEE, id=attendee.id, fields={"patient_id": patient_id}, after=attendee))


async def check_references(rows: Rows, book: Book) -> None:
    """Refuse what names a record that is neither in the file nor in the book."""
    named: dict[str, set[int]] = defaultdict(set)
    naming: list[tuple[Row, str, str, int]] = []
    for kind in BY_PLURAL.values():
        relations = [(field.name, field.keys[0], field.to) for field in kind.fields if field.to is not None]
        for row in rows.of(kind).values() if relations else ():
            edit = row.edit
            if edit is None:
                continue
            for name, key, plural in relations:
                id = getattr(edit.after, name)
                if id is None or id in rows.of(BY_PLURAL[plural]) or getattr(edit.before, name, None) == id:
                    continue
                named[plural].add(id)
                naming.append((row, key, plural, id))
    known = {plural: await stored(book, BY_PLURAL[plural].record, ids) for plural, ids in named.items()}
    for row, key, plural, id in naming:
        if id not in known[plural]:
            rows.refuse(row, f"{key} names {plural}/{id}, which is neither in the file nor in the book")


class Roster:
    """One appointment's seats and waitlist after the import: who holds one, and by which line; 0 is the book."""

    def __init__(self) -> None:
        self.active: dict[int, int] = {}
        self.waiting: dict[int, int] = {}


async def check_rosters(rows: Rows, book: Book) -> dict[int, int]:
    """
    Refuse more active attendees than seats, and a patient who is active or waits twice in one appointment.

    Return how many more attendees are active than before, for each appointment whose roster is edited.
    """
    touched = _touched(rows)
    rosters = await _rosters(rows, book, touched)
    more: dict[int, int] = dict.fromkeys(touched, 0)
    for row in rows.of(ATTENDEE).values():
        after, before = row.after, row.before
        if row.edit is None or not isinstance(after, Attendee):
            continue
        group_id = after.group_appointment_id
        more[group_id] += after.active - (isinstance(before, Attendee) and before.active)
        if not after.active:
            continue
        if after.patient_id in rosters[group_id].waiting:
            rows.refuse(row, f"patient {after.patient_id} waits in the book, so the file must end that with left_at")
        else:
            _take(rows, row, rosters[group_id].active, group_id, after.patient_id, "has a seat")
    for row in rows.of(WAITLIST_ENTRY).values():
        entry = row.after
        if row.edit is None or not isinstance(entry, WaitlistEntry) or entry.left_at is not None:
            continue
        roster = rosters[entry.group_appointment_id]
        if entry.patient_id in roster.active:
            rows.refuse(row, f"patient {entry.patient_id} has a seat, so can't wait for one")
        else:
            _take(rows, row, roster.waiting, entry.group_appointment_id, entry.patient_id, "waits")
    await _check_seats(rows, book, more, rosters)
    return more


def _touched(rows: Rows) -> set[int]:
    return {
        row.after.group_appointment_id
        for kind in (ATTENDEE, WAITLIST_ENTRY)
        for row in rows.of(kind).values()
        if row.edit is not None and isinstance(row.after, Attendee | WaitlistEntry)
    }


async def _rosters(rows: Rows, book: Book, touched: Iterable[int]) -> Mapping[int, Roster]:
    """The rosters as the book has them, without the attendees and entries that the file edits."""
    rosters: dict[int, Roster] = {id: Roster() for id in touched}
    groups = rows.of(GROUP_APPOINTMENT)
    # A new appointment has no roster yet.
    known = [id for id in rosters if id not in groups or groups[id].before is not None]
    for some in slices(known):
        ids = [GroupAppointmentId(id) for id in some]
        for id, attendees in (await book.attendees_of(ids)).items():
            for attendee in attendees:
                if not _edited(rows.of(ATTENDEE), attendee.id):
                    rosters[id].active[attendee.patient_id] = 0
        for id, entries in (await book.waitlists_of(ids)).items():
            for entry in entries:
                if not _edited(rows.of(WAITLIST_ENTRY), entry.id):
                    rosters[id].waiting[entry.patient_id] = 0
    return rosters


def _edited(rows: Mapping[int, Row], id: int) -> bool:
    return id in rows and rows[id].edit is not None


def _take(rows: Rows, row: Row, places: dict[int, int], group_id: int, patient_id: int, what: str) -> None:
    if patient_id not in places:
        places[patient_id] = row.line
        return
    where = f"in line {places[patient_id]}" if places[patient_id] else "in the book"
    rows.refuse(row, f"patient {patient_id} {what} in group appointment {group_id} already, {where}")


async def _check_seats(rows: Rows, book: Book, more: Mapping[int, int], rosters: Mapping[int, Roster]) -> None:
    groups = rows.of(GROUP_APPOINTMENT)
    unstated = await stored(book, GroupAppointment, [id for id in more if id not in groups])
    for id in {*more, *(id for id, row in groups.items() if row.edit is not None)}:
        group = groups[id].after if id in groups else unstated.get(id)
        if not isinstance(group, GroupAppointment):
            continue
        taken = group.active_attendees + more.get(id, 0)
        if taken > group.max_attendees:
            line = groups[id].line if id in groups else max(rosters[id].active.values(), default=1)
            seats = f"max_attendees is {group.max_attendees} and {taken} attendees are active"
            rows.bad.append((line, f"the group appointment {id} is over-booked: {seats}"))
