"""
The small practice: two businesses around this week, with one of everything that can be seen of a group.

There is a series that crosses a change of the clocks, a practitioner and a patient who are booked twice at once, a
group in its practitioner's time off, a full group with a waitlist, a cancelled attendee and an archived appointment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from gappt_graphql.demo.diary import Diary, local
from gappt_graphql.demo.names import FIRST_NAMES, LAST_NAMES, email
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store import Record

PATIENTS = 30
AT_HARBOURSIDE = 15
"""The first so many patients live in Sydney, the others in London."""

# Day of this week (0 is Monday), the clock at the business, practitioner, type, and patients; all count from 1.
_HARBOURSIDE = (
    (-6, "10:00", 2, 2, (6, 7, 8)),
    (-4, "11:00", 1, 4, (1, 9, 10, 11)),
    (0, "11:00", 2, 2, (6, 7, 8)),
    (1, "14:00", 2, 3, (4, 12, 13)),
    (4, "09:00", 1, 4, (2, 3, 9, 14, 15)),
    (4, "11:30", 2, 1, (10, 11, 12, 13)),
    (7, "14:00", 2, 3, (4, 5, 12)),
    (10, "10:00", 1, 1, (13, 14, 15)),
)
_CANALSIDE = (
    (-7, "09:30", 4, 1, (21, 22, 23)),
    (-3, "15:00", 3, 4, (16, 17, 24, 25, 26)),
    (0, "10:00", 3, 1, (16, 18, 20, 22)),
    (1, "09:00", 4, 2, (23, 24, 25)),
    (1, "13:30", 3, 3, (26, 27, 28)),
    (3, "18:00", 4, 4, (17, 19, 21, 29, 30)),
    (4, "10:00", 3, 1, (23, 27)),
    (8, "09:00", 4, 2, (24, 28, 29)),
)


def small_practice(now: datetime) -> list[Record]:
    """Return the records of the small practice; its days count from the Monday of this week, in UTC."""
    monday = now.astimezone(UTC).date() - timedelta(days=now.astimezone(UTC).weekday())
    practice = _Practice(monday)
    practice.fill_directory()
    practice.add_series()
    for business, rows in ((1, _HARBOURSIDE), (2, _CANALSIDE)):
        for row in rows:
            practice.add(business, *row)
    practice.add_double_bookings()
    practice.add_time_off()
    practice.add_full_group()
    practice.add_archived_group()
    practice.note_arrivals()
    return practice.diary.records


class _Practice:
    def __init__(self, monday: date) -> None:
        self.monday = monday
        self.diary = Diary(made_at=datetime.combine(monday - timedelta(days=60), time(9), UTC))
        self._booked_at = datetime.combine(monday - timedelta(days=21), time(9), UTC)

    def fill_directory(self) -> None:
        diary = self.diary
        diary.business("Harbourside Practice", "Australia/Sydney")
        diary.business("Canalside Practice", "Europe/London")
        diary.practitioner("Dr", "Pilar", "Springtoe", "Physiotherapist")
        diary.practitioner(None, "Bruno", "Balance", "Exercise physiologist")
        diary.practitioner("Dr", "Stella", "Stretchwell", "Physiotherapist")
        diary.practitioner(None, "Gus", "Gaitely", "Occupational therapist")
        diary.type("Pilates", 60, 6, "#7a9e7e", "Movement")
        diary.type("Hydrotherapy", 45, 4, "#4f86c6", "Movement")
        diary.type("Falls prevention", 60, 8, "#c97b63", "Prevention")
        diary.type("Back care online", 90, 12, "#8f6fb5", "Prevention", telehealth=True)
        for number in range(1, PATIENTS + 1):
            first_name, last_name = FIRST_NAMES[number * 2], LAST_NAMES[(number * 7) % len(LAST_NAMES)]
            born = date(1940 + (number * 11) % 60, number % 12 + 1, number % 28 + 1)
            diary.patient(first_name, last_name, email(first_name, last_name, number), born)

    def add(
        self, business: int, day: int, clock: str, practitioner: int, of_type: int, patients: Sequence[int],
        notes: str | None = None,
    ) -> GroupAppointment:  # fmt: skip
        """Put a group with its patients into the diary."""
        diary = self.diary
        self._booked_at += timedelta(minutes=30)
        place = diary.businesses[business - 1]
        group = diary.group(
            local(place, self.monday + timedelta(days=day), clock),
            place,
            diary.practitioners[practitioner - 1],
            diary.types[of_type - 1],
            created_at=self._booked_at,
            notes=notes,
        )
        diary.book(group, [diary.patients[number - 1] for number in patients], self._booked_at)
        return group

    def add_series(self) -> None:
        """Add a short series, and one of 28 weeks, in which the clocks of Sydney change at least once."""
        for root, rule, patients in (
            (
                self.add(1, 0, "09:00", 1, 1, (), notes="Mats are in the cupboard. The group keeps its 9:00."),
                RepeatRule(RepeatType.WEEKLY, repeating_interval=2, number_of_repeats=14),
                (1, 2, 3, 4),
            ),
            (
                self.add(2, -12, "14:00", 3, 3, (), notes="Walking sticks welcome."),
                RepeatRule(RepeatType.WEEKLY, repeating_interval=1, number_of_repeats=4),
                (16, 17, 18, 19, 20),
            ),
        ):
            for group in self.diary.repeat(root, rule):
                self.diary.book(group, [self.diary.patients[number - 1] for number in patients], group.created_at)

    def add_double_bookings(self) -> None:
        """Add a practitioner with two groups at once, of which one lost a patient, and a patient in two groups."""
        first = self.add(1, 1, "10:00", 1, 1, (1, 2, 3, 9), notes="Overlaps with back care: one of them must move.")
        self.add(1, 1, "10:30", 1, 4, (10, 11, 12))
        ill = next(attendee for attendee in self.diary.attendees[::-1] if attendee.patient_id == 9)
        assert ill.group_appointment_id == first.id
        at = ill.created_at + timedelta(days=2)
        self.diary.cancel(ill, at, CancellationReason.SICK, "Rang in the morning.")
        self.add(1, 2, "09:00", 1, 3, (5, 13, 14))
        self.add(1, 2, "09:30", 2, 1, (5, 6, 15))

    def add_time_off(self) -> None:
        place, practitioner = self.diary.businesses[0], self.diary.practitioners[1]
        day = self.monday + timedelta(days=3)
        self.diary.block(practitioner, local(place, day, "12:30"), local(place, day, "16:30"), "Dentist")
        self.add(1, 3, "13:00", 2, 2, (7, 8, 10), notes="Bruno is away: find a stand-in.")

    def add_full_group(self) -> None:
        group = self.add(1, 8, "15:00", 2, 2, (6, 7, 8, 9))
        waiting = [self.diary.patients[number - 1] for number in (10, 11)]
        self.diary.wait(group, waiting, group.created_at + timedelta(days=1))

    def add_archived_group(self) -> None:
        group = self.add(2, 2, "17:00", 4, 4, (21, 22), notes="Called off: the room is being painted.")
        self.diary.archive(group, group.created_at + timedelta(days=3))

    def note_arrivals(self) -> None:
        """Last week is over: everybody came but every seventh."""
        over = datetime.combine(self.monday, time(0), UTC) - timedelta(days=1)
        for attendee in list(self.diary.attendees):
            if self.diary.groups[attendee.group_appointment_id - 1].ends_at < over:
                self.diary.note_arrival(attendee, arrived=attendee.id % 7 != 0)
