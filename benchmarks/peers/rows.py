"""The rows that every server is measured on: a diary of two years, the same in every run."""

import random
from datetime import datetime, timedelta
from typing import NamedTuple

SEED = 20260101
PRACTITIONERS, BUSINESSES, TYPES, PATIENTS, APPOINTMENTS = 50, 5, 20, 20_000, 20_000
START, DAYS = datetime(2025, 1, 6), 730
ROOMY, ROOMY_SEATS = 2_000, 100  # the last appointments have free seats: bookings go there, and no query reads them

_FIRST = """
Ada Ben Chloe Dan Ella Finn Grace Hugo Isla Jack Kira Liam Mia Noah Olive Pia Quinn Ruby Sam Tess Uma Vic Willa Xan Yara
Zoe José Zoë Søren Łucja
"""
_LAST = """
Smith Jones Nguyen Brown Wilson Taylor Singh Martin Lee Walker Hall Young King Wright Scott Green Baker Adams Nelson
Hill O'Brien D'Angelo Müller García
"""
_KINDS = """
Pilates, Hydrotherapy, Yoga, Back care, Antenatal, Falls prevention, Strength, Mindfulness, Diabetes education,
Cardiac rehab
"""
_ZONES = ("Australia/Sydney", "Australia/Perth", "Europe/London", "America/New_York", "Asia/Tokyo")
_CLINICS = ("North", "South", "East", "West", "Central")


class Business(NamedTuple):
    id: int
    name: str
    timezone: str


class Practitioner(NamedTuple):
    id: int
    first_name: str
    last_name: str
    label: str


class AppointmentType(NamedTuple):
    id: int
    name: str
    duration_minutes: int
    max_attendees: int


class Patient(NamedTuple):
    id: int
    first_name: str
    last_name: str
    email: str | None
    phone: str


class GroupAppointment(NamedTuple):
    id: int
    starts_at: datetime
    ends_at: datetime
    max_attendees: int
    notes: str | None
    telehealth_url: str | None
    practitioner_id: int
    business_id: int
    appointment_type_id: int
    archived_at: datetime | None
    deleted_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.archived_at is None and self.deleted_at is None


class Attendee(NamedTuple):
    id: int
    group_appointment_id: int
    patient_id: int
    arrived: bool
    cancelled_at: datetime | None


class Rows(NamedTuple):
    """The fields are named as the peers' tables. All times are in UTC, without saying so."""

    businesses: list[Business]
    practitioners: list[Practitioner]
    appointment_types: list[AppointmentType]
    patients: list[Patient]
    group_appointments: list[GroupAppointment]
    attendees: list[Attendee]


def make_rows() -> Rows:
    """Make all rows."""
    chance = random.Random(SEED)
    firsts, lasts, kinds = _FIRST.split(), _LAST.split(), [kind.strip() for kind in _KINDS.split(",")]
    businesses = [Business(n + 1, f"{_CLINICS[n]} Clinic", _ZONES[n]) for n in range(BUSINESSES)]
    practitioners = []
    for number in range(1, PRACTITIONERS + 1):
        first, last = chance.choice(firsts), chance.choice(lasts)
        practitioners.append(Practitioner(number, first, last, f"Dr {first} {last}"))
    types = []
    for number in range(1, TYPES + 1):
        name = f"{kinds[(number - 1) % 10]} {'group' if number <= 10 else 'class'}"
        types.append(AppointmentType(number, name, chance.choice([30, 45, 60, 90]), chance.choice([8, 10, 12, 15])))
    patients = []
    for number in range(1, PATIENTS + 1):
        first, last = chance.choice(firsts), chance.choice(lasts)
        email = f"p{number}@example.com" if chance.random() < 0.93 else None
        patients.append(Patient(number, first, last, email, f"+614{chance.randrange(10**8):08d}"))
    appointments, attendees = _diary(chance, types)
    return Rows(businesses, practitioners, types, patients, appointments, attendees)


def _diary(chance: random.Random, types: list[AppointmentType]) -> tuple[list[GroupAppointment], list[Attendee]]:
    homes = {}
    starts = _starts(chance)
    for practitioner in range(1, PRACTITIONERS + 1):
        homes[practitioner] = chance.randrange(1, BUSINESSES + 1)
    appointments: list[GroupAppointment] = []
    attendees: list[Attendee] = []
    meeting: list[tuple[datetime, int]] = []  # who has met a group in the last two hours
    recent: dict[int, None] = {}  # patients, those booked last at the end
    for number, begins in enumerate(starts, 1):
        meeting = [each for each in meeting if each[0] > begins - timedelta(hours=2)]
        if meeting and chance.random() < 0.06:  # booked twice at one time, now and then
            practitioner = chance.choice(meeting)[1]
        else:
            taken = {each for _, each in meeting}
            practitioner = chance.choice([each for each in homes if each not in taken] or list(homes))
        meeting.append((begins, practitioner))
        kind = types[chance.randrange(1, TYPES + 1) - 1]
        seats = kind.max_attendees
        archived = begins - timedelta(days=1) if chance.random() < 0.04 else None
        deleted = begins - timedelta(days=2) if chance.random() < 0.01 else None
        if number > APPOINTMENTS - ROOMY:
            seats, archived, deleted = ROOMY_SEATS, None, None
        room = chance.randrange(1, 9)
        notes = (
            f'Bring a towel & water. Room {room}, "quiet" group — see plan #{number}.'
            if chance.random() < 0.7
            else None
        )
        remote = f"https://meet.example.com/g/{number:08x}" if chance.random() < 0.3 else None
        ends = begins + timedelta(minutes=kind.duration_minutes)
        appointments.append(
            GroupAppointment(
                number,
                begins,
                ends,
                seats,
                notes,
                remote,
                practitioner,
                homes[practitioner],
                kind.id,
                archived,
                deleted,
            )
        )
        coming: set[int] = set()
        for _ in range(min(seats, max(2, int(chance.gauss(8, 2))))):
            patient = chance.randrange(1, PATIENTS + 1)
            if recent and chance.random() < 0.01:  # in two groups at one time, now and then
                patient = chance.choice(list(recent)[-40:])
            if patient in coming:
                continue
            coming.add(patient)
            recent.pop(patient, None)
            recent[patient] = None
            arrived = chance.random() < 0.5
            cancelled = begins - timedelta(hours=5) if chance.random() < 0.06 else None
            attendees.append(Attendee(len(attendees) + 1, number, patient, arrived, cancelled))
        if len(recent) > 4000:
            recent = dict.fromkeys(list(recent)[-2000:])
    return appointments, attendees


def _starts(chance: random.Random) -> list[datetime]:
    """Begin on weekdays mostly, from 8:00 to 17:30."""
    starts: list[datetime] = []
    while len(starts) < APPOINTMENTS:
        day = START + timedelta(days=chance.randrange(DAYS))
        if day.weekday() >= 5 and chance.random() < 0.85:
            continue
        starts.append(day + timedelta(minutes=480 + 15 * chance.randrange(0, 39)))
    return sorted(starts)
