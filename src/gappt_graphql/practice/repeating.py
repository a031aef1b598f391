"""Make a series of an appointment that stands alone."""

from msgspec import Struct

from gappt_graphql.practice.booking import Proposal
from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.ids import GroupAppointmentId
from gappt_graphql.scheduling.repeats import RepeatRule


class RepeatGroupAppointment(Command, frozen=True, kw_only=True):
    """What `repeat` takes."""

    id: GroupAppointmentId
    repeat_rule: RepeatRule
    copy_attendees: bool = False
    on_conflict: OnConflict = OnConflict.ALLOW
    expected_version: int | None = None


class Repeated(Struct, frozen=True, kw_only=True):
    """What `repeat` did; `conflicting` is what SKIP left out."""

    group_appointment_id: GroupAppointmentId
    repeat_ids: tuple[GroupAppointmentId, ...] = ()
    conflicting: tuple[Occurrence, ...] = ()


async def repeat(desk: Desk, command: RepeatGroupAppointment) -> Repeated:
    """
    Write the repeats of an appointment that has none.

    :raises Refused: with every problem of the command, each on its field
    """
    raise NotImplementedError


async def preview_repeat(desk: Desk, command: RepeatGroupAppointment) -> Proposal:
    """Return what `repeat` would do now; nothing is stored."""
    raise NotImplementedError
