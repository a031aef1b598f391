"""Who and where: businesses, practitioners, appointment types, patients, and practitioners' time off."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    BusinessId,
    PatientId,
    PractitionerId,
    UnavailableBlockId,
)


class Business(Struct, frozen=True, kw_only=True):
    """A location. Its IANA time zone is the wall clock on which its series repeat."""

    id: BusinessId
    name: str
    time_zone: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def sort_name(self) -> str:
        return self.name.casefold()


class Practitioner(Struct, frozen=True, kw_only=True):
    """A person who runs groups."""

    id: PractitionerId
    first_name: str | None
    last_name: str | None
    title: str | None = None
    designation: str | None = None
    active: bool = True
    created_at: datetime
    updated_at: datetime

    @property
    def label(self) -> str:
        """The name as it is shown, with the title first."""
        return joined(self.title, self.first_name, self.last_name)

    @property
    def sort_name(self) -> str:
        return _sort_name(self.last_name, self.first_name)

    @property
    def search_name(self) -> str:
        return joined(self.first_name, self.last_name).casefold()


class Patient(Struct, frozen=True, kw_only=True):
    """A person who attends groups."""

    id: PatientId
    first_name: str | None
    last_name: str | None
    email: str | None = None
    date_of_birth: date | None = None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def label(self) -> str:
        return joined(self.first_name, self.last_name)

    @property
    def sort_name(self) -> str:
        return _sort_name(self.last_name, self.first_name)

    @property
    def search_name(self) -> str:
        return self.label.casefold()


class AppointmentType(Struct, frozen=True, kw_only=True):
    """A kind of group. Its duration and seats are what an appointment takes where it states none."""

    id: AppointmentTypeId
    name: str
    duration_in_minutes: int
    max_attendees: int
    color: str | None = None
    category: str | None = None
    description: str | None = None
    telehealth_enabled: bool = False
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def sort_name(self) -> str:
        return self.name.casefold()


class UnavailableBlock(Struct, frozen=True, kw_only=True):
    """Time off of a practitioner, half-open. It binds at every business, also where it names one."""

    id: UnavailableBlockId
    practitioner_id: PractitionerId
    business_id: BusinessId | None = None
    starts_at: datetime
    ends_at: datetime
    notes: str | None = None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


def joined(*names: str | None) -> str:
    """Return the names that there are as one."""
    return " ".join(filter(None, names))


def _sort_name(last_name: str | None, first_name: str | None) -> str:
    # A tab sorts before every printable character, so "Li, Zoe" comes before "Lin, Ada".
    return f"{last_name or ''}\t{first_name or ''}".casefold()
