"""Inputs of the mutations of the directory, and the commands that they stand for."""

from datetime import date, datetime

import strawberry
from strawberry import ID, Maybe

from gappt_graphql.graph.values import given, idempotency_key, number, optional, or_none, present, required
from gappt_graphql.practice import directory
from gappt_graphql.scheduling.ids import AppointmentTypeId, BusinessId, PatientId, PractitionerId, UnavailableBlockId


@strawberry.input(description="New practitioner")
class CreatePractitionerInput:
    first_name: str | None = optional("First name")
    last_name: str = required("Last name")
    title: str | None = optional("Title, such as Dr")
    designation: str | None = optional("Profession, such as Physiotherapist")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.CreatePractitioner:
        return directory.CreatePractitioner(
            first_name=or_none(self.first_name),
            last_name=self.last_name,
            title=or_none(self.title),
            designation=or_none(self.designation),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(
    description="Changes of a practitioner; an absent field stays, null clears it where it can be cleared"
)
class UpdatePractitionerInput:
    id: ID = required("Identifier of the practitioner")
    first_name: Maybe[str | None] = required("First name")
    last_name: Maybe[str | None] = required("Last name")
    title: Maybe[str | None] = required("Title, such as Dr")
    designation: Maybe[str | None] = required("Profession, such as Physiotherapist")
    active: Maybe[bool | None] = required("Indicates whether the practitioner can be given appointments")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.UpdatePractitioner:
        return directory.UpdatePractitioner(
            id=PractitionerId(number(self.id)),
            first_name=given(self.first_name),
            last_name=given(self.last_name),
            title=given(self.title),
            designation=given(self.designation),
            active=given(self.active),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="New patient")
class CreatePatientInput:
    first_name: str | None = optional("First name")
    last_name: str = required("Last name")
    email: str | None = optional("E-mail address")
    date_of_birth: date | None = optional("Date of birth")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.CreatePatient:
        return directory.CreatePatient(
            first_name=or_none(self.first_name),
            last_name=self.last_name,
            email=or_none(self.email),
            date_of_birth=or_none(self.date_of_birth),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Changes of a patient; an absent field stays, null clears it where it can be cleared")
class UpdatePatientInput:
    id: ID = required("Identifier of the patient")
    first_name: Maybe[str | None] = required("First name")
    last_name: Maybe[str | None] = required("Last name")
    email: Maybe[str | None] = required("E-mail address")
    date_of_birth: Maybe[date | None] = required("Date of birth")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.UpdatePatient:
        return directory.UpdatePatient(
            id=PatientId(number(self.id)),
            first_name=given(self.first_name),
            last_name=given(self.last_name),
            email=given(self.email),
            date_of_birth=given(self.date_of_birth),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Patient to archive")
class ArchivePatientInput:
    id: ID = required("Identifier of the patient")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.ArchivePatient:
        return directory.ArchivePatient(id=PatientId(number(self.id)), idempotency_key=or_none(self.idempotency_key))


@strawberry.input(description="New business")
class CreateBusinessInput:
    name: str = required("Name")
    time_zone: str = required("IANA time zone, such as Australia/Sydney")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.CreateBusiness:
        return directory.CreateBusiness(
            name=self.name, time_zone=self.time_zone, idempotency_key=or_none(self.idempotency_key)
        )


@strawberry.input(description="Changes of a business; an absent field stays")
class UpdateBusinessInput:
    id: ID = required("Identifier of the business")
    name: Maybe[str | None] = required("Name")
    time_zone: Maybe[str | None] = required("IANA time zone, such as Australia/Sydney")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.UpdateBusiness:
        return directory.UpdateBusiness(
            id=BusinessId(number(self.id)),
            name=given(self.name),
            time_zone=given(self.time_zone),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Business to archive")
class ArchiveBusinessInput:
    id: ID = required("Identifier of the business")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.ArchiveBusiness:
        return directory.ArchiveBusiness(id=BusinessId(number(self.id)), idempotency_key=or_none(self.idempotency_key))


@strawberry.input(description="New appointment type")
class CreateAppointmentTypeInput:
    name: str = required("Name")
    duration_in_minutes: int = required("Minutes that its appointments take, if they state no end: 0 to 1440")
    max_attendees: int = required("Number of seats of its appointments, if they state none: 0 to 100")
    color: str | None = optional("Color in the diary")
    category: str | None = optional("Category that it is listed under")
    description: str | None = optional("What happens in the group")
    telehealth_enabled: bool | None = optional("Indicates whether its appointments can be remote; false if absent")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.CreateAppointmentType:
        return directory.CreateAppointmentType(
            name=self.name,
            duration_in_minutes=self.duration_in_minutes,
            max_attendees=self.max_attendees,
            color=or_none(self.color),
            category=or_none(self.category),
            description=or_none(self.description),
            telehealth_enabled=present(self.telehealth_enabled, False),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(
    description="Changes of an appointment type; an absent field stays, null clears it where it can be cleared"
)
class UpdateAppointmentTypeInput:
    id: ID = required("Identifier of the appointment type")
    name: Maybe[str | None] = required("Name")
    duration_in_minutes: Maybe[int | None] = required(
        "Minutes that its appointments take, if they state no end: 0 to 1440"
    )
    max_attendees: Maybe[int | None] = required("Number of seats of its appointments, if they state none: 0 to 100")
    color: Maybe[str | None] = required("Color in the diary")
    category: Maybe[str | None] = required("Category that it is listed under")
    description: Maybe[str | None] = required("What happens in the group")
    telehealth_enabled: Maybe[bool | None] = required(
        "Indicates whether its appointments can be remote; false if absent"
    )
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.UpdateAppointmentType:
        return directory.UpdateAppointmentType(
            id=AppointmentTypeId(number(self.id)),
            name=given(self.name),
            duration_in_minutes=given(self.duration_in_minutes),
            max_attendees=given(self.max_attendees),
            color=given(self.color),
            category=given(self.category),
            description=given(self.description),
            telehealth_enabled=given(self.telehealth_enabled),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Appointment type to archive")
class ArchiveAppointmentTypeInput:
    id: ID = required("Identifier of the appointment type")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.ArchiveAppointmentType:
        return directory.ArchiveAppointmentType(
            id=AppointmentTypeId(number(self.id)), idempotency_key=or_none(self.idempotency_key)
        )


@strawberry.input(description="New time off of a practitioner")
class CreateUnavailableBlockInput:
    practitioner_id: ID = required("Identifier of the practitioner")
    business_id: ID | None = optional("Identifier of the business; the time off binds at every one")
    starts_at: datetime = required("Timestamp of when the time off starts")
    ends_at: datetime = required("Timestamp of when the time off ends")
    notes: str | None = optional("Notes of the staff")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.CreateUnavailableBlock:
        business = or_none(self.business_id)
        return directory.CreateUnavailableBlock(
            practitioner_id=PractitionerId(number(self.practitioner_id)),
            business_id=None if business is None else BusinessId(number(business)),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            notes=or_none(self.notes),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Time off to archive")
class ArchiveUnavailableBlockInput:
    id: ID = required("Identifier of the time off")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> directory.ArchiveUnavailableBlock:
        return directory.ArchiveUnavailableBlock(
            id=UnavailableBlockId(number(self.id)), idempotency_key=or_none(self.idempotency_key)
        )
