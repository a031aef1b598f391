"""
The large practice: five businesses in five time zones, and 20,000 appointments over two years around January 2026.

A fixed seed makes it the same every time. Groups meet in slots of 90 minutes that do not overlap, so that every
overlap of a practitioner is one of those made on purpose; patients, who are drawn freely, meet overlaps by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from gappt_graphql.demo.diary import Diary, local
from gappt_graphql.demo.names import FIRST_NAMES, LAST_NAMES, email
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store import Record

PRACTITIONERS, PATIENTS, APPOINTMENTS, SERIES = 50, 20_000, 20_000, 400
FIRST_MONDAY, WEEKS = date(2025, 1, 6), 104
TODAY = datetime(2026, 1, 5, tzinfo=UTC)
"""What lies before has happened."""

_BUSINESSES = (
    ("Harbourside Practice", "Australia/Sydney"),
    ("Fernhill Practice", "Pacific/Auckland"),
    ("Canalside Practice", "Europe/London"),
    ("Brownstone Practice", "America/New_York"),
    ("Lantern Lane Practice", "Asia/Tokyo"),
)
_TYPES = (
    "Pilates", "Hydrotherapy", "Falls prevention", "Back care", "Antenatal yoga", "Strength and balance", "Mindfulness",
    "Living with diabetes", "Cardiac rehabilitation", "Shoulder care",
)  # fmt: skip
_CLOCKS = ("08:00", "09:30", "11:00", "13:00", "14:30", "16:00")
_LONGEST = 90
_DESIGNATIONS = ("Physiotherapist", "Exercise physiologist", "Occupational therapist", "Dietitian", "Psychologist")
_NOTES = ("Bring a towel.", "Room 2.", "Room 5, ground floor.", "New patients: come ten minutes early.")

Slot = tuple[int, int, int]
"""Week, day of the week, and clock, by which the groups of one practitioner are kept apart."""


def large_practice() -> list[Record]:
    """Return the records of the large practice."""
    practice = _Practice(Random(20260105))
    practice.fill_directory()
    practice.add_series()
    practice.add_groups()
    practice.add_time_off()
    return practice.diary.records


class _Practice:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.diary = Diary(made_at=datetime(2024, 12, 2, 9, tzinfo=UTC))
        self._taken: dict[int, set[Slot]] = {}

    def fill_directory(self) -> None:
        diary, random = self.diary, self.random
        for name, time_zone in _BUSINESSES:
            diary.business(name, time_zone)
        for number in range(PRACTITIONERS):
            title = "Dr" if random.random() < 0.4 else None
            last_name = LAST_NAMES[number]
            diary.practitioner(title, random.choice(FIRST_NAMES), last_name, _DESIGNATIONS[number % 5])
        for number in range(20):
            name = f"{_TYPES[number % 10]}{' online' if number >= 10 else ''}"
            minutes, seats = random.choice((30, 45, 60, 90)), random.choice((8, 10, 12, 15))
            color = f"#{random.randrange(0x404040, 0xD0D0D0):06x}"
            diary.type(name, minutes, seats, color, "Online" if number >= 10 else "On site", telehealth=number >= 10)
        for number in range(1, PATIENTS + 1):
            first_name, last_name = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
            address = email(first_name, last_name, number) if random.random() < 0.93 else None
            born = date(1930, 1, 1) + timedelta(days=random.randrange(80 * 365))
            diary.patient(first_name, last_name, address, born)

    def add_series(self) -> None:
        """Add series of 4 to 20 repeats, whose patients come each time."""
        for number in range(SERIES):
            rule = self._rule()
            practitioner = self.diary.practitioners[number % PRACTITIONERS]
            week, day, clock = self._slot_for(practitioner, rule)
            root = self._group(practitioner, week, day, _CLOCKS[clock])
            patients = self._patients(root)
            for group in self.diary.repeat(root, rule):
                self._book(group, patients)

    def add_groups(self) -> None:
        """Add single groups up to the wanted number; six in a hundred overlap another of the same person."""
        while len(self.diary.groups) < APPOINTMENTS:
            practitioner = self.random.choice(self.diary.practitioners)
            taken = self._taken[practitioner.id]
            slot = (self.random.randrange(WEEKS), self.random.randrange(5), self.random.randrange(len(_CLOCKS)))
            if slot in taken:
                continue
            taken.add(slot)
            group = self._group(practitioner, slot[0], slot[1], _CLOCKS[slot[2]])
            self._book(group, self._patients(group))
            if self.random.random() < 0.043 and len(self.diary.groups) < APPOINTMENTS:
                self._overlap(practitioner, group)

    def add_time_off(self) -> None:
        """Add afternoons and weeks off, also where groups are in the way."""
        for practitioner in self.diary.practitioners:
            business = self._home(practitioner)
            for _ in range(16):
                day = FIRST_MONDAY + timedelta(days=self.random.randrange(WEEKS * 7))
                self.diary.block(
                    practitioner,
                    local(business, day, "13:00"),
                    local(business, day, "17:30"),
                    self.random.choice(("Dentist", "Training", "Supervision", "Family")),
                    business if self.random.random() < 0.5 else None,
                )
            for _ in range(3):
                day = FIRST_MONDAY + timedelta(weeks=self.random.randrange(WEEKS))
                away = local(business, day, "00:00"), local(business, day + timedelta(days=5), "00:00")
                self.diary.block(practitioner, *away, "Holiday")

    def _rule(self) -> RepeatRule:
        chance = self.random.random()
        if chance < 0.8:
            return RepeatRule(RepeatType.WEEKLY, self.random.choice((1, 1, 1, 2)), self.random.randrange(4, 21))
        if chance < 0.9:
            return RepeatRule(RepeatType.DAILY, 7, self.random.randrange(4, 11))
        return RepeatRule(RepeatType.MONTHLY, 1, self.random.randrange(4, 9))

    def _slot_for(self, practitioner: Practitioner, rule: RepeatRule) -> Slot:
        """A slot that is free in every week that the series could reach, so that its dates stay free of each other."""
        taken = self._taken.setdefault(practitioner.id, set())
        while True:
            day, clock = self.random.randrange(5), self.random.randrange(len(_CLOCKS))
            first = self.random.randrange(WEEKS - 44)
            days = range(5) if rule.repeat_type is RepeatType.MONTHLY else (day,)
            weeks = range(first, first + 42)
            slots = {(week, each, clock) for week in weeks for each in days}
            if rule.repeat_type is not RepeatType.MONTHLY:
                step = 1 if rule.repeat_type is RepeatType.DAILY else rule.repeating_interval
                slots = {(first + n * step, day, clock) for n in range(rule.number_of_repeats + 1)}
            if taken.isdisjoint(slots):
                taken |= slots
                return first, day, clock

    def _group(self, practitioner: Practitioner, week: int, day: int, clock: str) -> GroupAppointment:
        business = self._home(practitioner)
        starts_at = local(business, FIRST_MONDAY + timedelta(weeks=week, days=day), clock)
        return self._group_at(starts_at, business, practitioner, self.random.choice(self.diary.types))

    def _overlap(self, practitioner: Practitioner, other: GroupAppointment) -> None:
        starts_at = other.starts_at + timedelta(minutes=15)
        group = self._group_at(starts_at, self._home(practitioner), practitioner, self.random.choice(self.diary.types))
        self._book(group, self._patients(group))

    def _group_at(
        self, starts_at: datetime, business: Business, practitioner: Practitioner, of_type: AppointmentType
    ) -> GroupAppointment:
        ahead = timedelta(days=self.random.randrange(14, 60), minutes=self.random.randrange(480))
        notes = self.random.choice(_NOTES) if self.random.random() < 0.6 else None
        created_at = min(starts_at, TODAY) - ahead
        return self.diary.group(starts_at, business, practitioner, of_type, created_at=created_at, notes=notes)

    def _patients(self, group: GroupAppointment) -> list[Patient]:
        """About eight patients of the business, who live near it."""
        wanted = min(group.max_attendees, max(2, round(self.random.gauss(8.6, 2))))
        numbers: dict[int, None] = {}
        while len(numbers) < wanted:
            numbers[self.random.randrange(PATIENTS // 5) * 5 + group.business_id - 1] = None
        return [self.diary.patients[number] for number in numbers]

    def _book(self, group: GroupAppointment, patients: Sequence[Patient]) -> None:
        booked_at = group.created_at + timedelta(minutes=self.random.randrange(1, 600))
        attendees = self.diary.book(group, patients, booked_at)
        over = group.starts_at < TODAY
        for attendee in attendees:
            if self.random.random() < 0.06:
                self._cancel(attendee, min(group.starts_at, TODAY))
            elif over:
                self.diary.note_arrival(attendee, arrived=self.random.random() < 0.92)
        cancelled = self.diary.groups[group.id - 1].active_attendees < len(attendees)
        if len(attendees) == group.max_attendees and not cancelled and not over:
            waiting = self._newcomers(group, patients)
            self.diary.wait(group, list(waiting), booked_at + timedelta(days=1))
        if self.random.random() < 0.03:
            self.diary.archive(
                group, max(booked_at + timedelta(days=2), min(group.starts_at, TODAY) - timedelta(days=1))
            )

    def _cancel(self, attendee: Attendee, before: datetime) -> None:
        reason = self.random.choice(list(CancellationReason))
        self.diary.cancel(attendee, before - timedelta(hours=self.random.randrange(2, 72)), reason)

    def _newcomers(self, group: GroupAppointment, patients: Sequence[Patient]) -> Iterator[Patient]:
        booked = {patient.id for patient in patients}
        others = (patient for patient in self._patients(group) if patient.id not in booked)
        for patient, _ in zip(others, range(self.random.randrange(1, 3)), strict=False):
            yield patient

    def _home(self, practitioner: Practitioner) -> Business:
        return self.diary.businesses[practitioner.id % 5]
