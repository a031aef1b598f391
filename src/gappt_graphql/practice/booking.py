"""Put group appointments into the book and revise them."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    AttendeeId,
    BusinessId,
    GroupAppointmentId,
    PatientId,
    PractitionerId,
)
from gappt_graphql.scheduling.problems import Problem
from gappt_graphql.scheduling.repeats import RepeatRule
from gappt_graphql.scheduling.series import Scope


class CreateGroupAppointment(Command, frozen=True, kw_only=True):
    """What `create` takes; None is the same as absent."""

    starts_at: datetime
    practitioner_id: PractitionerId
    business_id: BusinessId
    appointment_type_id: AppointmentTypeId
    ends_at: datetime | None = None
    max_attendees: int | None = None
    notes: str | None = None
    telehealth_url: str | None = None
    patient_ids: tuple[PatientId, ...] = ()
    repeat_rule: RepeatRule | None = None
    copy_attendees: bool = False
    on_conflict: OnConflict = OnConflict.ALLOW


class Created(Struct, frozen=True, kw_only=True):
    """What `create` did; `conflicting` is what SKIP left out."""

    group_appointment_id: GroupAppointmentId
    repeat_ids: tuple[GroupAppointmentId, ...] = ()
    conflicting: tuple[Occurrence, ...] = ()


class UpdateGroupAppointment(Command, frozen=True, kw_only=True):
    """What `update` takes; UNSET leaves a field, None clears it, or is REQUIRED where it can't be cleared."""

    id: GroupAppointmentId
    starts_at: datetime | None | UnsetType = UNSET
    ends_at: datetime | None | UnsetType = UNSET
    max_attendees: int | None | UnsetType = UNSET
    notes: str | None | UnsetType = UNSET
    telehealth_url: str | None | UnsetType = UNSET
    practitioner_id: PractitionerId | None | UnsetType = UNSET
    business_id: BusinessId | None | UnsetType = UNSET
    appointment_type_id: AppointmentTypeId | None | UnsetType = UNSET
    scope: Scope = Scope.THIS
    on_conflict: OnConflict = OnConflict.ALLOW
    expected_version: int | None = None


class Updated(Struct, frozen=True, kw_only=True):
    """What `update` did; the named appointment is among the updated ones."""

    group_appointment_id: GroupAppointmentId
    updated_ids: tuple[GroupAppointmentId, ...]
    conflicting: tuple[Occurrence, ...] = ()
    promoted_ids: tuple[AttendeeId, ...] = ()


class Proposal(Struct, frozen=True):
    """What a command would do now: its occurrences with their conflicts, and the problems that would refuse it."""

    occurrences: tuple[Occurrence, ...] = ()
    problems: tuple[Problem, ...] = ()


async def create(desk: Desk, command: CreateGroupAppointment) -> Created:
    """
    Write a group appointment, its attendees and its repeats.

    :raises Refused: with every problem of the command, each on its field
    """
    raise NotImplementedError


async def preview_create(desk: Desk, command: CreateGroupAppointment) -> Proposal:
    """Return what `create` would do now; nothing is stored."""
    raise NotImplementedError


async def update(desk: Desk, command: UpdateGroupAppointment) -> Updated:
    """
    Revise an appointment, and the rest of its series as far as the scope reaches.

    :raises Refused: with every problem of the command, each on its field
    """
    raise NotImplementedError


async def preview_update(desk: Desk, command: UpdateGroupAppointment) -> Proposal:
    """Return what `update` would do now; nothing is stored."""
    raise NotImplementedError
