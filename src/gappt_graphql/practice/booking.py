"""Put group appointments into the book. How they are revised stands in `revising`."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.practice import occurrences, repeating
from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.practice.occurrences import Proposal, Weighed
from gappt_graphql.practice.revising import Updated, UpdateGroupAppointment, preview_update, update
from gappt_graphql.practice.roster import patients_problems
from gappt_graphql.scheduling import capacity
from gappt_graphql.scheduling.conflicts import Occurrence, OnConflict
from gappt_graphql.scheduling.directory import AppointmentType, Business, Practitioner
from gappt_graphql.scheduling.group_appointment import Draft, References, draft
from gappt_graphql.scheduling.ids import AppointmentTypeId, BusinessId, GroupAppointmentId, PatientId, PractitionerId
from gappt_graphql.scheduling.problems import Code, Problem, Refused
from gappt_graphql.scheduling.repeats import RepeatRule, check_places, checked_rule
from gappt_graphql.store import Book

__all__ = [
    "CreateGroupAppointment",
    "Created",
    "Proposal",
    "UpdateGroupAppointment",
    "Updated",
    "create",
    "preview_create",
    "preview_update",
    "update",
]


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


async def create(desk: Desk, command: CreateGroupAppointment) -> Created:
    """
    Write a group appointment, its attendees and its repeats.

    :raises Refused: with every problem of the command, each on its field
    """

    async def decide(book: Book) -> Decision[Created]:
        weighed = await _creation(book, desk, command)
        if weighed.problems:
            raise Refused(weighed.problems, weighed.conflicting)
        root, *later = (date.after.id for date in weighed.kept)
        outcome = Created(group_appointment_id=root, repeat_ids=tuple(later), conflicting=weighed.conflicting)
        return Decision(outcome, occurrences.write(weighed.kept, desk))

    return await desk.carry_out(command, decide, Created)


async def preview_create(desk: Desk, command: CreateGroupAppointment) -> Proposal:
    """Return what `create` would do now; nothing is stored."""

    async def work(book: Book) -> Proposal:
        weighed = await _creation(book, desk, command, always=True)
        return Proposal(weighed.occurrences, weighed.problems)

    return await desk.read(work)


async def _creation(book: Book, desk: Desk, command: CreateGroupAppointment, *, always: bool = False) -> Weighed:
    """Return the dates that the command makes, weighed, with every problem of the command."""
    if command.on_conflict is not OnConflict.ALLOW:
        await book.hold(practitioners=[command.practitioner_id], patients=set(command.patient_ids))
    references = References(
        practitioner=(await book.find(Practitioner, [command.practitioner_id])).get(command.practitioner_id),
        business=(await book.find(Business, [command.business_id])).get(command.business_id),
        appointment_type=(await book.find(AppointmentType, [command.appointment_type_id])).get(
            command.appointment_type_id
        ),
    )
    problems: list[Problem] = []
    wanted = Draft(
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        max_attendees=command.max_attendees,
        notes=command.notes,
        telehealth_url=command.telehealth_url,
    )
    root = draft(wanted, references, id=GroupAppointmentId(desk.ids.next(desk.now)), now=desk.now, problems=problems)
    patients = await _checked_patients(book, command, _seats(command, references), problems)
    check_places(1, len(command.patient_ids), problems)
    rule = checked_rule(command.repeat_rule, problems)
    copied = patients if command.copy_attendees else ()
    if root is None or references.business is None:
        if rule is not None:
            check_places(rule.number_of_repeats + 1, len(copied), problems)
        return Weighed(problems=tuple(problems))
    dates = repeating.dates_of(
        occurrences.Date(
            before=None, after=replace(root, active_attendees=len(patients)), patient_ids=patients, named=True
        ),
        rule,
        references.business.time_zone,
        desk,
        problems,
        copied=copied,
    )
    weighed = repeating.settled(await occurrences.weigh(book, dates, command.on_conflict, always=always), desk)
    return replace(weighed, problems=(*problems, *weighed.problems))


async def _checked_patients(
    book: Book, command: CreateGroupAppointment, seats: int | None, problems: list[Problem]
) -> tuple[PatientId, ...]:
    """Return the patients who can be booked, once each, and add to the problems why others can't."""
    found = capacity.named_twice(command.patient_ids)
    fields: dict[PatientId, tuple[str, ...]] = {}
    for index, patient in enumerate(command.patient_ids):
        fields.setdefault(patient, ("patient_ids", str(index)))
    if seats is not None and len(fields) > seats:
        message = f"{len(fields)} patients are too many for {seats} {'seat' if seats == 1 else 'seats'}."
        problems.append(Problem(Code.CAPACITY_FULL, message, ("patient_ids",)))
    unfit = await patients_problems(book, fields) if fields else []
    problems += sorted([*found, *unfit], key=lambda problem: int((problem.field or ("0",))[-1]))
    refused = {problem.field for problem in unfit}
    return tuple(patient for patient, field in fields.items() if field not in refused)


def _seats(command: CreateGroupAppointment, references: References) -> int | None:
    if command.max_attendees is not None:
        return command.max_attendees if command.max_attendees > 0 else None
    of_type = references.appointment_type
    return of_type.max_attendees if of_type is not None and of_type.max_attendees > 0 else None
