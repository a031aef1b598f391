"""Keep the directory: businesses, practitioners, patients, appointment types, and time off."""

from datetime import date, datetime

from msgspec import UNSET, Struct, UnsetType

from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    BusinessId,
    PatientId,
    PractitionerId,
    UnavailableBlockId,
)


class Written(Struct, frozen=True):
    """The record that a directory command wrote."""

    id: int


class CreatePractitioner(Command, frozen=True, kw_only=True):
    first_name: str | None = None
    last_name: str
    title: str | None = None
    designation: str | None = None


class UpdatePractitioner(Command, frozen=True, kw_only=True):
    id: PractitionerId
    first_name: str | None | UnsetType = UNSET
    last_name: str | None | UnsetType = UNSET
    title: str | None | UnsetType = UNSET
    designation: str | None | UnsetType = UNSET
    active: bool | None | UnsetType = UNSET


class CreatePatient(Command, frozen=True, kw_only=True):
    first_name: str | None = None
    last_name: str
    email: str | None = None
    date_of_birth: date | None = None


class UpdatePatient(Command, frozen=True, kw_only=True):
    id: PatientId
    first_name: str | None | UnsetType = UNSET
    last_name: str | None | UnsetType = UNSET
    email: str | None | UnsetType = UNSET
    date_of_birth: date | None | UnsetType = UNSET


class ArchivePatient(Command, frozen=True, kw_only=True):
    id: PatientId


class CreateBusiness(Command, frozen=True, kw_only=True):
    name: str
    time_zone: str


class UpdateBusiness(Command, frozen=True, kw_only=True):
    id: BusinessId
    name: str | None | UnsetType = UNSET
    time_zone: str | None | UnsetType = UNSET


class ArchiveBusiness(Command, frozen=True, kw_only=True):
    id: BusinessId


class CreateAppointmentType(Command, frozen=True, kw_only=True):
    name: str
    duration_in_minutes: int
    max_attendees: int
    color: str | None = None
    category: str | None = None
    description: str | None = None
    telehealth_enabled: bool = False


class UpdateAppointmentType(Command, frozen=True, kw_only=True):
    id: AppointmentTypeId
    name: str | None | UnsetType = UNSET
    duration_in_minutes: int | None | UnsetType = UNSET
    max_attendees: int | None | UnsetType = UNSET
    color: str | None | UnsetType = UNSET
    category: str | None | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    telehealth_enabled: bool | None | UnsetType = UNSET


class ArchiveAppointmentType(Command, frozen=True, kw_only=True):
    id: AppointmentTypeId


class CreateUnavailableBlock(Command, frozen=True, kw_only=True):
    practitioner_id: PractitionerId
    business_id: BusinessId | None = None
    starts_at: datetime
    ends_at: datetime
    notes: str | None = None


class ArchiveUnavailableBlock(Command, frozen=True, kw_only=True):
    id: UnavailableBlockId


async def create_practitioner(desk: Desk, command: CreatePractitioner) -> Written:
    raise NotImplementedError


async def update_practitioner(desk: Desk, command: UpdatePractitioner) -> Written:
    raise NotImplementedError


async def create_patient(desk: Desk, command: CreatePatient) -> Written:
    raise NotImplementedError


async def update_patient(desk: Desk, command: UpdatePatient) -> Written:
    raise NotImplementedError


async def archive_patient(desk: Desk, command: ArchivePatient) -> Written:
    raise NotImplementedError


async def create_business(desk: Desk, command: CreateBusiness) -> Written:
    raise NotImplementedError


async def update_business(desk: Desk, command: UpdateBusiness) -> Written:
    raise NotImplementedError


async def archive_business(desk: Desk, command: ArchiveBusiness) -> Written:
    raise NotImplementedError


async def create_appointment_type(desk: Desk, command: CreateAppointmentType) -> Written:
    raise NotImplementedError


async def update_appointment_type(desk: Desk, command: UpdateAppointmentType) -> Written:
    raise NotImplementedError


async def archive_appointment_type(desk: Desk, command: ArchiveAppointmentType) -> Written:
    raise NotImplementedError


async def create_unavailable_block(desk: Desk, command: CreateUnavailableBlock) -> Written:
    raise NotImplementedError


async def archive_unavailable_block(desk: Desk, command: ArchiveUnavailableBlock) -> Written:
    raise NotImplementedError
