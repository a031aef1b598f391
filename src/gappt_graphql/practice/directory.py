"""Keep the directory: businesses, practitioners, patients, appointment types, and time off."""

from datetime import date, datetime
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    BusinessId,
    PatientId,
    PractitionerId,
    UnavailableBlockId,
)
from gappt_graphql.scheduling.particulars import Value, checked_fields
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.store import Book, Edit

Entry = Business | Practitioner | Patient | AppointmentType | UnavailableBlock
E = TypeVar("E", bound=Entry)
Archivable = TypeVar("Archivable", Business, Patient, AppointmentType, UnavailableBlock)

NOUNS: dict[type[Struct], str] = {
    Business: "business",
    Practitioner: "practitioner",
    Patient: "patient",
    AppointmentType: "appointment type",
    UnavailableBlock: "unavailable block",
}


class Written(Struct, frozen=True):
    """The record that a directory command wrote."""

    id: int


class CreatePractitioner(Command, frozen=True, kw_only=True):
    """What `create_practitioner` takes."""

    first_name: str | None = None
    last_name: str
    title: str | None = None
    designation: str | None = None


class UpdatePractitioner(Command, frozen=True, kw_only=True):
    """What `update_practitioner` takes; UNSET leaves a field, None clears it."""

    id: PractitionerId
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    designation: str | UnsetType | None = UNSET
    active: bool | UnsetType | None = UNSET


class CreatePatient(Command, frozen=True, kw_only=True):
    """What `create_patient` takes."""

    first_name: str | None = None
    last_name: str
    email: str | None = None
    date_of_birth: date | None = None


class UpdatePatient(Command, frozen=True, kw_only=True):
    """What `update_patient` takes; UNSET leaves a field, None clears it."""

    id: PatientId
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    date_of_birth: date | UnsetType | None = UNSET


class ArchivePatient(Command, frozen=True, kw_only=True):
    """What `archive_patient` takes."""

    id: PatientId


class CreateBusiness(Command, frozen=True, kw_only=True):
    """What `create_business` takes."""

    name: str
    time_zone: str


class UpdateBusiness(Command, frozen=True, kw_only=True):
    """What `update_business` takes; UNSET leaves a field, None clears it."""

    id: BusinessId
    name: str | UnsetType | None = UNSET
    time_zone: str | UnsetType | None = UNSET


class ArchiveBusiness(Command, frozen=True, kw_only=True):
    """What `archive_business` takes."""

    id: BusinessId


class CreateAppointmentType(Command, frozen=True, kw_only=True):
    """What `create_appointment_type` takes."""

    name: str
    duration_in_minutes: int
    max_attendees: int
    color: str | None = None
    category: str | None = None
    description: str | None = None
    telehealth_enabled: bool = False


class UpdateAppointmentType(Command, frozen=True, kw_only=True):
    """What `update_appointment_type` takes; UNSET leaves a field, None clears it."""

    id: AppointmentTypeId
    name: str | UnsetType | None = UNSET
    duration_in_minutes: int | UnsetType | None = UNSET
    max_attendees: int | UnsetType | None = UNSET
    color: str | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    telehealth_enabled: bool | UnsetType | None = UNSET


class ArchiveAppointmentType(Command, frozen=True, kw_only=True):
    """What `archive_appointment_type` takes."""

    id: AppointmentTypeId


class CreateUnavailableBlock(Command, frozen=True, kw_only=True):
    """What `create_unavailable_block` takes."""

    practitioner_id: PractitionerId
    business_id: BusinessId | None = None
    starts_at: datetime
    ends_at: datetime
    notes: str | None = None


class ArchiveUnavailableBlock(Command, frozen=True, kw_only=True):
    """What `archive_unavailable_block` takes."""

    id: UnavailableBlockId


async def create_practitioner(desk: Desk, command: CreatePractitioner) -> Written:
    """
    Put a practitioner into the directory.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _create(desk, command, Practitioner)


async def update_practitioner(desk: Desk, command: UpdatePractitioner) -> Written:
    """
    Write other particulars of a practitioner.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _update(desk, command, Practitioner, command.id)


async def create_patient(desk: Desk, command: CreatePatient) -> Written:
    """
    Put a patient into the directory.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _create(desk, command, Patient)


async def update_patient(desk: Desk, command: UpdatePatient) -> Written:
    """
    Write other particulars of a patient.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _update(desk, command, Patient, command.id)


async def archive_patient(desk: Desk, command: ArchivePatient) -> Written:
    """
    Archive a patient; twice keeps the first time. What refers to it goes on doing so.

    :raises Refused: if there is no such patient
    """
    return await _archive(desk, command, Patient, command.id)


async def create_business(desk: Desk, command: CreateBusiness) -> Written:
    """
    Put a business into the directory.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _create(desk, command, Business)


async def update_business(desk: Desk, command: UpdateBusiness) -> Written:
    """
    Write other particulars of a business.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _update(desk, command, Business, command.id)


async def archive_business(desk: Desk, command: ArchiveBusiness) -> Written:
    """
    Archive a business; twice keeps the first time. What refers to it goes on doing so.

    :raises Refused: if there is no such business
    """
    return await _archive(desk, command, Business, command.id)


async def create_appointment_type(desk: Desk, command: CreateAppointmentType) -> Written:
    """
    Put an appointment type into the directory.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _create(desk, command, AppointmentType)


async def update_appointment_type(desk: Desk, command: UpdateAppointmentType) -> Written:
    """
    Write other particulars of an appointment type.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _update(desk, command, AppointmentType, command.id)


async def archive_appointment_type(desk: Desk, command: ArchiveAppointmentType) -> Written:
    """
    Archive an appointment type; twice keeps the first time. What refers to it goes on doing so.

    :raises Refused: if there is no such appointment type
    """
    return await _archive(desk, command, AppointmentType, command.id)


async def create_unavailable_block(desk: Desk, command: CreateUnavailableBlock) -> Written:
    """
    Put a practitioner's time off into the book.

    :raises Refused: with every problem of the command, each on its field
    """
    return await _create(desk, command, UnavailableBlock)


async def archive_unavailable_block(desk: Desk, command: ArchiveUnavailableBlock) -> Written:
    """
    Archive a practitioner's time off, so that it stands in nobody's way; twice keeps the first time.

    :raises Refused: if there is no such block
    """
    return await _archive(desk, command, UnavailableBlock, command.id)


async def _create(desk: Desk, command: Command, kind: type[E]) -> Written:
    async def decide(book: Book) -> Decision[Written]:
        problems: list[Problem] = []
        fields = checked_fields(_stated(command), now=desk.now, problems=problems)
        if isinstance(command, CreateUnavailableBlock):
            await _check_block(book, command, problems)
        refuse_if_any(problems)
        id = desk.ids.next(desk.now)
        # A command's fields have the names and the types of the record's.
        record = msgspec.convert(fields | {"id": id, "created_at": desk.now, "updated_at": desk.now}, kind)
        return Decision(Written(id), [Edit(None, record)])

    return await desk.carry_out(command, decide, Written)


async def _update(desk: Desk, command: Command, kind: type[E], id: int) -> Written:
    async def decide(book: Book) -> Decision[Written]:
        problems: list[Problem] = []
        fields = checked_fields(_stated(command), now=desk.now, problems=problems)
        before = (await book.find(kind, [id])).get(id)
        if before is None:
            raise Refused([_no_such(kind), *problems])
        if not isinstance(before, Practitioner) and before.archived_at is not None:
            problems.insert(0, Problem(Code.ARCHIVED, f"This {NOUNS[kind]} is archived.", ("id",)))
        refuse_if_any(problems)
        after = replace(before, **fields)
        if after == before:
            return Decision(Written(id))
        return Decision(Written(id), [Edit(before, replace(after, updated_at=max(desk.now, before.updated_at)))])

    return await desk.carry_out(command, decide, Written)


async def _archive(desk: Desk, command: Command, kind: type[Archivable], id: int) -> Written:
    async def decide(book: Book) -> Decision[Written]:
        before = (await book.find(kind, [id])).get(id)
        if before is None:
            raise Refused([_no_such(kind)])
        if before.archived_at is not None:
            return Decision(Written(id))
        after = replace(before, archived_at=desk.now, updated_at=max(desk.now, before.updated_at))
        return Decision(Written(id), [Edit(before, after)])

    return await desk.carry_out(command, decide, Written)


def _no_such(kind: type[Struct]) -> Problem:
    return Problem(Code.NOT_FOUND, f"There is no such {NOUNS[kind]}.", ("id",))


async def _check_block(book: Book, command: CreateUnavailableBlock, problems: list[Problem]) -> None:
    if command.ends_at <= command.starts_at:
        problems.append(Problem(Code.INVALID, "The end must be later than the start.", ("ends_at",)))
    practitioner = (await book.find(Practitioner, [command.practitioner_id])).get(command.practitioner_id)
    if practitioner is None:
        problems.append(Problem(Code.NOT_FOUND, "There is no such practitioner.", ("practitioner_id",)))
    elif not practitioner.active:
        problems.append(Problem(Code.ARCHIVED, "The practitioner is not active.", ("practitioner_id",)))
    if command.business_id is None:
        return
    business = (await book.find(Business, [command.business_id])).get(command.business_id)
    if business is None:
        problems.append(Problem(Code.NOT_FOUND, "There is no such business.", ("business_id",)))
    elif business.archived_at is not None:
        problems.append(Problem(Code.ARCHIVED, "The business is archived.", ("business_id",)))


def _stated(command: Command) -> dict[str, Value]:
    """Return the fields that the command states a value for, None among them."""
    values = {name: getattr(command, name) for name in command.__struct_fields__}
    return {
        name: value for name, value in values.items() if name not in ("id", "idempotency_key") and value is not UNSET
    }
