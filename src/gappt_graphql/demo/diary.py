"""A diary to be filled: records with ids that count from 1, in an order in which they can be stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from gappt_graphql.scheduling.attendance import Attendee, CancellationReason, WaitlistEntry
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    AttendeeId,
    BusinessId,
    GroupAppointmentId,
    PatientId,
    PractitionerId,
    UnavailableBlockId,
    WaitlistEntryId,
)
from gappt_graphql.scheduling.repeats import RepeatRule, at_wall_clock, plans
from gappt_graphql.store import Record


class Diary:
    """The records of a demo practice. All of the directory was made at one moment, before the first appointment."""

    def __init__(self, made_at: datetime) -> None:
        self._made_at = made_at
        self.businesses: list[Business] = []
        self.practitioners: list[Practitioner] = []
        self.types: list[AppointmentType] = []
        self.patients: list[Patient] = []
        self.blocks: list[UnavailableBlock] = []
        self.groups: list[GroupAppointment] = []
        self.attendees: list[Attendee] = []
        self.waitlist: list[WaitlistEntry] = []

    @property
    def records(self) -> list[Record]:
        """Everything in the diary: what others refer to comes first."""
        return [
            *self.businesses,
            *self.practitioners,
            *self.types,
            *self.patients,
            *self.blocks,
            *(group for group in self.groups if group.repeated_from_id is None),
            *(group for group in self.groups if group.repeated_from_id is not None),
            *self.attendees,
            *self.waitlist,
        ]

    def business(self, name: str, time_zone: str) -> Business:
        made = self._made_at
        id = BusinessId(len(self.businesses) + 1)
        self.businesses.append(Business(id=id, name=name, time_zone=time_zone, created_at=made, updated_at=made))
        return self.businesses[-1]

    def practitioner(self, title: str | None, first_name: str, last_name: str, designation: str) -> Practitioner:
        practitioner = Practitioner(
            id=PractitionerId(len(self.practitioners) + 1),
            title=title,
            first_name=first_name,
            last_name=last_name,
            designation=designation,
            created_at=self._made_at,
            updated_at=self._made_at,
        )
        self.practitioners.append(practitioner)
        return practitioner

    def type(
        self, name: str, minutes: int, seats: int, color: str, category: str, *, telehealth: bool = False
    ) -> AppointmentType:
        appointment_type = AppointmentType(
            id=AppointmentTypeId(len(self.types) + 1),
            name=name,
            duration_in_minutes=minutes,
            max_attendees=seats,
            color=color,
            category=category,
            telehealth_enabled=telehealth,
            created_at=self._made_at,
            updated_at=self._made_at,
        )
        self.types.append(appointment_type)
        return appointment_type

    def patient(self, first_name: str, last_name: str, email: str | None, born: date | None) -> Patient:
        patient = Patient(
            id=PatientId(len(self.patients) + 1),
            first_name=first_name,
            last_name=last_name,
            email=email,
            date_of_birth=born,
            created_at=self._made_at,
            updated_at=self._made_at,
        )
        self.patients.append(patient)
        return patient

    def block(
        self,
        practitioner: Practitioner,
        starts_at: datetime,
        ends_at: datetime,
        notes: str,
        business: Business | None = None,
    ) -> UnavailableBlock:
        block = UnavailableBlock(
            id=UnavailableBlockId(len(self.blocks) + 1),
            practitioner_id=practitioner.id,
            business_id=None if business is None else business.id,
            starts_at=starts_at,
            ends_at=ends_at,
            notes=notes,
            created_at=self._made_at,
            updated_at=self._made_at,
        )
        self.blocks.append(block)
        return block

    def group(
        self,
        starts_at: datetime,
        business: Business,
        practitioner: Practitioner,
        of_type: AppointmentType,
        *,
        created_at: datetime,
        notes: str | None = None,
    ) -> GroupAppointment:
        id = GroupAppointmentId(len(self.groups) + 1)
        group = GroupAppointment(
            id=id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=of_type.duration_in_minutes),
            max_attendees=of_type.max_attendees,
            notes=notes,
            telehealth_url=f"https://meet.example.com/group-{id}" if of_type.telehealth_enabled else None,
            appointment_type_id=of_type.id,
            business_id=business.id,
            practitioner_id=practitioner.id,
            created_at=created_at,
            updated_at=created_at,
        )
        self.groups.append(group)
        return group

    def repeat(self, root: GroupAppointment, rule: RepeatRule) -> list[GroupAppointment]:
        """Make a series of the appointment, and return all of it."""
        zone = self.businesses[root.business_id - 1].time_zone
        first, *later = plans(root.starts_at, root.duration, rule, zone)
        series = [self._put(replace(root, repeat_rule=rule, series_position=0, plan=first))]
        for position, plan in enumerate(later, start=1):
            repeat = replace(
                series[0],
                id=GroupAppointmentId(len(self.groups) + 1),
                starts_at=plan.starts_at,
                ends_at=plan.starts_at + plan.duration,
                repeated_from_id=root.id,
                series_position=position,
                plan=plan,
            )
            self.groups.append(repeat)
            series.append(repeat)
        return series

    def book(self, group: GroupAppointment, patients: Sequence[Patient], at: datetime) -> list[Attendee]:
        """Give each patient a place, a minute after one another."""
        booked = [
            Attendee(
                id=AttendeeId(len(self.attendees) + number),
                group_appointment_id=group.id,
                patient_id=patient.id,
                created_at=at + timedelta(minutes=number),
                updated_at=at + timedelta(minutes=number),
            )
            for number, patient in enumerate(patients, start=1)
        ]
        self.attendees += booked
        group = self.groups[group.id - 1]
        seats = group.active_attendees + len(booked)
        last = max([group.updated_at, *(attendee.updated_at for attendee in booked)])
        self._put(replace(group, active_attendees=seats, updated_at=last))
        return booked

    def note_arrival(self, attendee: Attendee, *, arrived: bool) -> None:
        """Write down whether somebody came."""
        self.attendees[attendee.id - 1] = replace(self.attendees[attendee.id - 1], arrived=arrived)

    def cancel(self, attendee: Attendee, at: datetime, reason: CancellationReason, note: str | None = None) -> None:
        """Free a place. The group must have nobody who waits."""
        self.attendees[attendee.id - 1] = replace(
            attendee, cancelled_at=at, cancellation_reason=reason, cancellation_note=note, updated_at=at
        )
        group = self.groups[attendee.group_appointment_id - 1]
        seats = group.active_attendees - 1
        self._put(replace(group, active_attendees=seats, updated_at=max(group.updated_at, at)))

    def wait(self, group: GroupAppointment, patients: Sequence[Patient], at: datetime) -> None:
        """Put patients on the waitlist, a minute after one another."""
        for number, patient in enumerate(patients):
            entry = WaitlistEntry(
                id=WaitlistEntryId(len(self.waitlist) + 1),
                group_appointment_id=group.id,
                patient_id=patient.id,
                created_at=at + timedelta(minutes=number),
            )
            self.waitlist.append(entry)
        group = self.groups[group.id - 1]
        self._put(replace(group, updated_at=max(group.updated_at, self.waitlist[-1].created_at)))

    def archive(self, group: GroupAppointment, at: datetime) -> None:
        """Archive an appointment; its attendees stay."""
        group = self.groups[group.id - 1]
        self._put(replace(group, archived_at=at, updated_at=max(group.updated_at, at), version=group.version + 1))

    def _put(self, group: GroupAppointment) -> GroupAppointment:
        self.groups[group.id - 1] = group
        return group


def local(business: Business, day: date, clock: str) -> datetime:
    """Return the instant at which the clocks of the business show this time."""
    return at_wall_clock(day, time.fromisoformat(clock), ZoneInfo(business.time_zone))
