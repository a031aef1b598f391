"""What is asked of every server, and what it has to answer, told from the rows alone: no database has a say in it."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from benchmarks.peers.rows import APPOINTMENTS, DAYS, PATIENTS, ROOMY, START, GroupAppointment, Rows

OPERATIONS = {
    "Q1": "list of 50",
    "Q2": "list of 50 with patients and conflicts",
    "Q3": "one appointment",
    "Q4": "`{ __typename }`",
    "M1": "booking",
}
WINDOWS, IDS = 200, 500
CHECKED = {"Q1": 25, "Q2": 25, "Q3": 50, "Q4": 1}  # this many of the first variables have their answers known


class Asked(NamedTuple):
    """Variables by operation, the answers to the first of them, and the bookings, of which none comes twice."""

    variables: dict[str, list[dict[str, Any]]]
    answers: dict[str, list[dict[str, Any]]]
    bookings: list[tuple[int, int]]


def make_asked(rows: Rows, bookings: int) -> Asked:
    """Make what is asked, with as many bookings."""
    chance = random.Random(7)
    windows: list[dict[str, Any]] = []
    for _ in range(WINDOWS):
        begins = START + timedelta(days=chance.randrange(0, DAYS - 90))
        windows.append({"from": _instant(begins), "to": _instant(begins + timedelta(days=10)), "limit": 50})
    readable = [one.id for one in rows.group_appointments if one.is_live and one.id <= APPOINTMENTS - ROOMY]
    ids: list[dict[str, Any]] = [{"id": str(number)} for number in chance.sample(readable, IDS)]
    answers = _Answers(rows)
    listed = [answers.window(window) for window in windows[: CHECKED["Q1"]]]
    assert all(len(page) == 50 for page in listed)
    return Asked(
        {"Q1": windows, "Q2": windows, "Q3": ids, "Q4": [{}]},
        {
            "Q1": [{"groupAppointments": [answers.listed(one) for one in page]} for page in listed],
            "Q2": [{"groupAppointments": [answers.deep(one) for one in page]} for page in listed],
            "Q3": [{"groupAppointment": answers.one(int(each["id"]))} for each in ids[: CHECKED["Q3"]]],
            "Q4": [{"__typename": "Query"}],
        },
        [pair for pair, _ in zip(_bookings(rows), range(bookings), strict=False)],
    )


def _bookings(rows: Rows) -> Iterator[tuple[int, int]]:
    """Book each of the last appointments in turn, always somebody who has no place there."""
    taken = {(one.group_appointment_id, one.patient_id) for one in rows.attendees}
    for turn in count():
        for place in range(ROOMY):
            appointment = APPOINTMENTS - ROOMY + 1 + (place * 7) % ROOMY
            pair = appointment, (turn * 7919 + appointment * 31) % PATIENTS + 1
            if pair not in taken:
                yield pair


class _Answers:
    def __init__(self, rows: Rows) -> None:
        self._appointments = {one.id: one for one in rows.group_appointments}
        self._practitioners = {one.id: one for one in rows.practitioners}
        self._businesses = {one.id: one for one in rows.businesses}
        self._types = {one.id: one for one in rows.appointment_types}
        self._patients = {one.id: one for one in rows.patients}
        self._live = sorted(
            (one for one in rows.group_appointments if one.is_live), key=lambda one: (one.starts_at, one.id)
        )
        self._coming: dict[int, list[int]] = defaultdict(list)
        self._going: dict[int, list[GroupAppointment]] = defaultdict(list)
        self._meeting: dict[int, list[GroupAppointment]] = defaultdict(list)
        for attendee in rows.attendees:
            if attendee.cancelled_at is None:
                appointment = self._appointments[attendee.group_appointment_id]
                self._coming[appointment.id].append(attendee.patient_id)
                if appointment.is_live:
                    self._going[attendee.patient_id].append(appointment)
        for appointment in self._live:
            self._meeting[appointment.practitioner_id].append(appointment)

    def window(self, asked: dict[str, Any]) -> list[GroupAppointment]:
        first, last = (datetime.fromisoformat(asked[name]).replace(tzinfo=None) for name in ("from", "to"))
        return [one for one in self._live if first <= one.starts_at < last][: asked["limit"]]

    def one(self, number: int) -> dict[str, Any]:
        appointment = self._appointments[number]
        return {**self._times(appointment), "patients": self._people(appointment)}

    def listed(self, appointment: GroupAppointment) -> dict[str, Any]:
        business, kind = self._businesses[appointment.business_id], self._types[appointment.appointment_type_id]
        return {
            **self._times(appointment),
            "business": {"id": str(business.id), "name": business.name},
            "appointmentType": {"id": str(kind.id), "name": kind.name},
        }

    def deep(self, appointment: GroupAppointment) -> dict[str, Any]:
        exist = any(_overlap(appointment, other) for other in self._beside(appointment))
        return {**self.listed(appointment), "patients": self._people(appointment), "conflicts": {"exist": exist}}

    def _times(self, appointment: GroupAppointment) -> dict[str, Any]:
        practitioner = self._practitioners[appointment.practitioner_id]
        return {
            "id": str(appointment.id),
            "startsAt": _instant(appointment.starts_at),
            "endsAt": _instant(appointment.ends_at),
            "maxAttendees": appointment.max_attendees,
            "notes": appointment.notes,
            "practitioner": {"id": str(practitioner.id), "label": practitioner.label},
        }

    def _people(self, appointment: GroupAppointment) -> list[dict[str, Any]]:
        people = [self._patients[number] for number in self._coming[appointment.id]]
        return [
            {"id": str(one.id), "firstName": one.first_name, "lastName": one.last_name, "email": one.email}
            for one in people
        ]

    def _beside(self, appointment: GroupAppointment) -> Iterator[GroupAppointment]:
        yield from self._meeting[appointment.practitioner_id]
        for patient in self._coming[appointment.id]:
            yield from self._going[patient]


def _overlap(one: GroupAppointment, other: GroupAppointment) -> bool:
    return one.id != other.id and other.starts_at < one.ends_at and other.ends_at > one.starts_at


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
