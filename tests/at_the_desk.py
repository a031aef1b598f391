"""What tests of appointments and their series do at the desk, in few words."""

from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.practice import booking
from gappt_graphql.practice.booking import CreateGroupAppointment
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.store import Book, Change

WEEKLY = RepeatRule(RepeatType.WEEKLY, 1, 3)


def creation(practice: Practice, **fields: Any) -> CreateGroupAppointment:
    """Return the command for an appointment of the practice's own practitioner, business and type."""
    usual = {
        "starts_at": A_MONDAY,
        "practitioner_id": practice.practitioner.id,
        "business_id": practice.business.id,
        "appointment_type_id": practice.type.id,
    }
    return CreateGroupAppointment(**(usual | fields))


async def a_series(practice: Practice, **fields: Any) -> list[GroupAppointment]:
    """Create a weekly series of four, or as the fields say, and return it."""
    made = await booking.create(practice.desk, creation(practice, **({"repeat_rule": WEEKLY} | fields)))
    return await series(practice, made.group_appointment_id)


async def read(practice: Practice, id: int) -> GroupAppointment:
    """Return the appointment of this id."""

    async def work(book: Book) -> GroupAppointment:
        return (await book.find(GroupAppointment, [id]))[id]

    return await practice.store.read(practice.account.id, work)


async def series(practice: Practice, root_id: int) -> list[GroupAppointment]:
    """Return a root and its repeats by position, archived ones too."""

    async def work(book: Book) -> list[GroupAppointment]:
        root = (await book.find(GroupAppointment, [root_id]))[root_id]
        return [root, *(await book.repeats_of([root.id]))[root.id]]

    return await practice.store.read(practice.account.id, work)


async def patients_in(practice: Practice, id: int) -> list[int]:
    """Return the patients with a seat in the appointment, in booking order."""

    async def work(book: Book) -> list[int]:
        group = (await book.find(GroupAppointment, [id]))[id]
        return [attendee.patient_id for attendee in (await book.attendees_of([group.id]))[group.id]]

    return await practice.store.read(practice.account.id, work)


async def changes(practice: Practice) -> Sequence[Change]:
    """Return what the change feed tells."""

    async def work(book: Book) -> Sequence[Change]:
        return await book.changes(after=0, limit=1000, ids=None, practitioners=None, businesses=None)

    return await practice.store.read(practice.account.id, work)


async def refusal(work: Awaitable[Any]) -> Refused:
    """Return how the work is refused."""
    with pytest.raises(Refused) as refused:
        await work
    return refused.value


def told(refused: Refused) -> list[tuple[Code, str]]:
    """Return the code and the field of every problem; without a field the latter is empty."""
    return [(problem.code, ".".join(problem.field or ())) for problem in refused.problems]
