"""Archive group appointments and restore them."""

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.practice import occurrences
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.occurrences import Date, Series
from gappt_graphql.scheduling import series
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.group_appointment import next_version
from gappt_graphql.scheduling.ids import GroupAppointmentId
from gappt_graphql.scheduling.problems import Problem, Refused, refuse_if_any
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store import Book, Edit


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
    Archive the appointment, and the rest of its series as far as the scope reaches. Twice is the same as once.

    :raises Refused: if there is no such appointment, or it has another version than expected
    """

    async def decide(book: Book) -> Decision[Archived]:
        found = await _named(book, command.id, command.scope, command.expected_version)
        reached = series.reached(found.named, found.members, command.scope, now=desk.now)
        edits = [
            Edit(group, next_version(group, replace(group, archived_at=desk.now), now=desk.now))
            for group in reached
            if group.archived_at is None  # the named one keeps the time at which it was archived first
        ]
        outcome = Archived(group_appointment_id=command.id, archived_ids=tuple(group.id for group in reached))
        return Decision(outcome, edits)

    return await desk.carry_out(command, decide, Archived)


async def restore(desk: Desk, command: RestoreGroupAppointment) -> Restored:
    """
    Restore the appointment, and the archived rest of its series as far as the scope reaches.

    :raises Refused: if there is no such appointment, or it has another version than expected, or onConflict refuses
    """

    async def decide(book: Book) -> Decision[Restored]:
        found = await _named(book, command.id, command.scope, command.expected_version, command.on_conflict)
        reached = series.reached(found.named, found.members, command.scope, now=desk.now, archived=True)
        rosters = await occurrences.read_rosters(book, [group.id for group in reached])
        dates = [
            Date(
                before=group,
                after=next_version(group, replace(group, archived_at=None), now=desk.now),
                patient_ids=rosters[group.id],
                named=group.id == command.id,
                judged=group.archived_at is not None,
            )
            for group in reached
        ]
        weighed = await occurrences.weigh(book, dates, command.on_conflict)
        if weighed.problems:
            raise Refused(weighed.problems, weighed.conflicting)
        outcome = Restored(
            group_appointment_id=command.id,
            restored_ids=tuple(date.after.id for date in weighed.kept),
            conflicting=weighed.conflicting,
        )
        return Decision(outcome, occurrences.write(weighed.kept, desk))

    return await desk.carry_out(command, decide, Restored)


async def _named(
    book: Book,
    id: GroupAppointmentId,
    scope: Scope,
    expected_version: int | None,
    on_conflict: OnConflict = OnConflict.ALLOW,
) -> Series:
    """
    Return the appointment with its series, held.

    :raises Refused: if there is no such appointment, or it has another version than expected
    """
    found = await occurrences.hold_series(book, id, scope, on_conflict)
    if found is None:
        raise Refused([occurrences.no_such_appointment()])
    problems: list[Problem] = []
    occurrences.check_version(found.named, expected_version, problems)
    refuse_if_any(problems)
    return found
