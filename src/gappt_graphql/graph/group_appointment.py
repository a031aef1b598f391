"""The group appointment as clients see it, with its conflicts and its series."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from msgspec import Struct
from strawberry import ID, UNSET, Parent

from gappt_graphql.graph import filters
from gappt_graphql.graph.attendee import Attendee, WaitlistEntry
from gappt_graphql.graph.context import Info
from gappt_graphql.graph.declared import Fewer
from gappt_graphql.graph.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.graph.enums import ConflictKind, RepeatType
from gappt_graphql.graph.history import HistoryConnection, history
from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.loading import Loader
from gappt_graphql.graph.pages import (
    After,
    Before,
    First,
    GroupAppointmentConnection,
    Last,
    Listed,
    Window,
    listed_under,
)
from gappt_graphql.graph.relations import computed, related, relation
from gappt_graphql.graph.scalars import Url
from gappt_graphql.scheduling import attendance
from gappt_graphql.scheduling import conflicts as records
from gappt_graphql.scheduling.directory import Patient as PatientRecord
from gappt_graphql.scheduling.group_appointment import GroupAppointment as Record

_EVERY_KIND = frozenset(ConflictKind)


class Found(Struct, frozen=True):
    """The conflicts of one appointment, and what `Conflicts` is made from."""

    items: Sequence[records.Conflict]

    @property
    def exist(self) -> bool:
        return bool(self.items)


@strawberry.type(description="One overlap of an appointment with something else")
class Conflict:
    kind: ConflictKind = strawberry.field(description="Who is needed twice at once")
    starts_at: datetime = strawberry.field(description="Timestamp of when the overlap starts")
    ends_at: datetime = strawberry.field(description="Timestamp of when the overlap ends")
    group_appointment: Annotated["GroupAppointment", strawberry.lazy(__name__)] | None = relation(
        "group_appointments",
        key="group_appointment_id",
        description="Other appointment; null if the conflict is not with a stored one",
    )
    unavailable_block: UnavailableBlock | None = relation(
        "unavailable_blocks", key="unavailable_block_id", description="Time off; null if the conflict is not with one"
    )
    occurrence_index: int | None = strawberry.field(
        description="Index of the other occurrence, in a preview; null if the conflict is not with one"
    )
    patient: Patient | None = relation(
        "patients", key="patient_id", description="Patient who is needed twice; null if it is the practitioner"
    )
    message: str = strawberry.field(description="Sentence for a person, with identifiers instead of names")


@strawberry.type(description="What stands in the way of an appointment")
class Conflicts:
    exist: bool = strawberry.field(description="Indicates whether there is at least one")
    items: list[Conflict] = strawberry.field(description="Each conflict, in order of time")


@strawberry.type(description="Rule by which an appointment repeats on the wall clock of its business")
class RepeatRule:
    repeat_type: RepeatType = strawberry.field(description="Step of the rule")
    repeating_interval: int = strawberry.field(
        description="Number of days, weeks or months from one appointment to the next"
    )
    number_of_repeats: int = strawberry.field(description="How many appointments were added to the first")


def _ids_of_patients(attendees: Sequence[attendance.Attendee] | None) -> list[int]:
    return [attendee.patient_id for attendee in attendees or ()]


def _active_attendees(loaders: Loaders) -> Loader[int, Sequence[attendance.Attendee]]:
    return loaders.active_attendees


def _patients_of(loaders: Loaders) -> Loader[int, Sequence[PatientRecord]]:
    return loaders.patients_of


def _waitlists(loaders: Loaders) -> Loader[int, Sequence[attendance.WaitlistEntry]]:
    return loaders.waitlists


def _attendees(
    loaders: Loaders,
    include_cancelled: Annotated[
        bool, strawberry.argument(description="Indicates whether cancelled ones are listed, after the others")
    ] = False,
) -> Loader[int, Sequence[attendance.Attendee]]:
    return loaders.all_attendees if include_cancelled else loaders.active_attendees


def _listed(records: Sequence[object] | None) -> Sequence[object]:
    return records or ()


Kinds = Annotated[
    list[ConflictKind] | None,
    strawberry.argument(description="Kinds to look for, which limits `exist` too; all if absent"),
]


def _conflicts(loaders: Loaders, kinds: Kinds = UNSET) -> Loader[int, Sequence[records.Conflict]]:
    return loaders.conflicts(_wanted(kinds))


def _conflicting(loaders: Loaders, kinds: Kinds = UNSET) -> Loader[int, bool]:
    return loaders.conflicting(_wanted(kinds))


def _wanted(kinds: list[ConflictKind] | None) -> frozenset[ConflictKind]:
    return _EVERY_KIND if kinds is None or kinds is UNSET else frozenset(kinds)


def _found(conflicts: Sequence[records.Conflict] | None) -> Found:
    return Found(conflicts or ())


class Existing(Struct, frozen=True):
    """Whether there are conflicts: what `Conflicts` is made from where nothing else is asked for."""

    exist: bool


def _existing(found: bool | None) -> Existing:
    return Existing(bool(found))


def _repeats(
    root: Parent[Record],
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> Listed:
    return listed_under(
        root.id,
        info,
        Record,
        by="repeated_from_id",
        name="GroupAppointment.repeats",
        listing=filters.group_appointments(None, None),
        window=Window.of(first=first, after=after, last=last, before=before),
    )


@strawberry.federation.type(keys=["id"], description="One practitioner, one time, several patients")
class GroupAppointment:
    id: ID = strawberry.field(description="Identifier")
    starts_at: datetime = strawberry.field(description="Timestamp of when the group meets")
    ends_at: datetime = strawberry.field(description="Timestamp of when it ends")
    duration_in_minutes: int = strawberry.field(description="Whole minutes from start to end")
    max_attendees: int = strawberry.field(description="Number of seats")
    attendee_count: int = strawberry.field(description="Number of active attendees")
    available_seats: int = strawberry.field(description="Number of free seats")
    is_full: bool = strawberry.field(description="Indicates whether no seat is free")
    notes: str | None = strawberry.field(description="Notes of the staff")
    telehealth_url: Url | None = strawberry.field(
        description="Address where staff join a remote group; not for patients"
    )
    appointment_type: AppointmentType = relation(
        "appointment_types", key="appointment_type_id", held=True, description="Kind of group"
    )
    business: Business = relation(
        "businesses", key="business_id", held=True, description="Location where the group meets"
    )
    practitioner: Practitioner = relation(
        "practitioners", key="practitioner_id", held=True, description="Person who runs the group"
    )
    patient_ids: list[ID] = related(
        _active_attendees,
        then=_ids_of_patients,
        description="Identifiers of the active attendees' patients, in booking order",
    )
    patients: list[Patient] = related(
        _patients_of, then=_listed, description="Patients of the active attendees, in booking order"
    )
    attendees: list[Attendee] = related(
        _attendees, then=_listed, description="Places, in booking order, active ones first"
    )
    waitlist: list[WaitlistEntry] = related(_waitlists, description="Patients who wait for a seat, first come first")
    conflicts: Conflicts = related(
        _conflicts,
        then=_found,
        fewer=Fewer(("exist", "__typename"), _conflicting, _existing),
        description="What stands in the way of it; nothing if it is archived",
    )
    repeat_rule: RepeatRule | None = strawberry.field(
        description="Rule of its series, the same on the root and each repeat; null if it is in no series"
    )
    repeated_from: Annotated["GroupAppointment", strawberry.lazy(__name__)] | None = relation(
        "group_appointments",
        key="repeated_from_id",
        description="Root of its series, archived or not; null if it is the root itself or in no series",
    )
    repeats: GroupAppointmentConnection = computed(
        _repeats, "Appointments that repeat it, if it is a root, without archived ones"
    )
    history: HistoryConnection = computed(
        history, "What was done to it, to its attendees and to its waitlist, newest first"
    )
    version: int = strawberry.field(
        description="Number that grows when its own fields change or it is archived; give it as `expectedVersion`"
    )
    created_at: datetime = strawberry.field(description="Timestamp of when it was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when it, or who attends it, was last changed")
    archived_at: datetime | None = strawberry.field(description="Timestamp of when it was archived; null if it is not")
    deleted_at: datetime | None = strawberry.field(
        description="Timestamp of when it was archived, by an older name; always equal to archivedAt"
    )

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, Record)


def _conflicts_of_occurrence(root: Parent[records.Occurrence]) -> Found:
    return Found(root.conflicts)


@strawberry.type(description="One date of a series, proposed or stored")
class Occurrence:
    index: int = strawberry.field(description="Place in the series; 0 is the root")
    starts_at: datetime = strawberry.field(description="Timestamp of when the group would meet")
    ends_at: datetime = strawberry.field(description="Timestamp of when it would end")
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Stored appointment; null if only proposed"
    )
    conflicts: Conflicts = computed(_conflicts_of_occurrence, "What stands in the way of this date")
