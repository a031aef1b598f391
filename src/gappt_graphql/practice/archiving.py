"""Archive group appointments and restore them."""

from msgspec import Struct

from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.ids import GroupAppointmentId
from gappt_graphql.scheduling.series import Scope


class ArchiveGroupAppointment(Command, frozen=True, kw_only=True):
    """What `archive` takes."""

    id: GroupAppointmentId
    scope: Scope = Scope.THIS
    expected_version: int | None = None


class Archived(Struct, frozen=True, kw_only=True):
    """What `archive` did; the named appointment is among the archived ones."""

    group_appointment_id: GroupAppointmentId
    archived_ids: tuple[GroupAppointmentId, ...]


class RestoreGroupAppointment(Command, frozen=True, kw_only=True):
    """What `restore` takes."""

    id: GroupAppointmentId
    scope: Scope = Scope.THIS
    on_conflict: OnConflict = OnConflict.ALLOW
    expected_version: int | None = None


class Restored(Struct, frozen=True, kw_only=True):
    """What `restore` did; the named appointment is among the restored ones."""

    group_appointment_id: GroupAppointmentId
    restored_ids: tuple[GroupAppointmentId, ...]
    conflicting: tuple[Occurrence, ...] = ()


async def archive(desk: Desk, command: ArchiveGroupAppointment) -> Archived:
    """
    Archive the appointment, and the rest of its series as far as the scope reaches.

    :raises Refused: if there is no such appointment, or it has another version than expected
    """
    raise NotImplementedError


async def restore(desk: Desk, command: RestoreGroupAppointment) -> Restored:
    """
    Restore the appointment, and the archived rest of its series as far as the scope reaches.

    :raises Refused: if there is no such appointment, or it has another version than expected, or onConflict refuses
    """
    raise NotImplementedError
