"""Records that are read along with others are those that the others name, each as a question of its own finds it."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from asking import CountingStore
from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice, position
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment

HOUR = timedelta(hours=1)
KINDS: dict[str, Any] = {
    "appointment_type_id": AppointmentType,
    "business_id": Business,
    "group_appointment_id": GroupAppointment,
    "patient_id": Patient,
    "practitioner_id": Practitioner,
    "repeated_from_id": GroupAppointment,
}
OF_GROUPS = ("practitioner_id", "business_id", "appointment_type_id", "repeated_from_id")
OF_PLACES = ("group_appointment_id", "patient_id")
BY_START = (Order("starts_at"),)
SEVEN = Slice(7)


class Diary:
    """Three dozen appointments of a few of everything, some of it archived, some named by nobody."""

    def __init__(self, practice: Practice, seed: int) -> None:
        chance = Random(seed)
        gone = (None, None, A_MONDAY)
        self.practitioners = [practice.new(Practitioner, first_name="P", last_name=n, active=n != "c") for n in "abcd"]
        self.businesses = [
            practice.new(Business, name=n, time_zone="UTC", archived_at=chance.choice(gone)) for n in "abcd"
        ]
        self.types = [
            practice.new(
                AppointmentType, name=n, duration_in_minutes=30, max_attendees=9, archived_at=chance.choice(gone)
            )
            for n in "abcd"
        ]
        self.patients = [
            practice.new(Patient, first_name="P", last_name=str(n), archived_at=chance.choice(gone)) for n in range(12)
        ]
        self.groups: list[GroupAppointment] = []
        self.attendees: list[Attendee] = []
        self.waiting: list[WaitlistEntry] = []
        for number in range(36):
            group = practice.new_group(
                A_MONDAY + chance.randrange(40) * HOUR,
                practitioner_id=chance.choice(self.practitioners[:3]).id,
                business_id=chance.choice(self.businesses[:3]).id,
                appointment_type_id=chance.choice(self.types[:3]).id,
                repeated_from_id=chance.choice(self.groups[:4]).id if number >= 4 and chance.random() < 0.5 else None,
                archived_at=chance.choice(gone),
                active_attendees=2,
            )
            self.groups.append(group)
            come = chance.sample(self.patients[:10], 4)
            self.attendees += [practice.new_attendee(group, patient) for patient in come[:2]]
            self.attendees.append(practice.new_attendee(group, come[2], cancelled_at=A_MONDAY))
            self.waiting.append(
                WaitlistEntry(
                    id=practice.ids.next(practice.now),
                    group_appointment_id=group.id,
                    patient_id=come[3].id,
                    created_at=A_MONDAY,
                )
            )
        self.blocks = [
            practice.new_block(
                A_MONDAY + n * HOUR,
                practitioner_id=self.practitioners[n % 3].id,
                business_id=None if n % 2 else self.businesses[n % 3].id,
            )
            for n in range(6)
        ]

    @classmethod
    async def saved(cls, practice: Practice, seed: int = 0) -> "Diary":
        diary = cls(practice, seed)
        await practice.save(*diary.practitioners, *diary.businesses, *diary.types, *diary.patients)
        await practice.save(*diary.groups, *diary.attendees, *diary.waiting, *diary.blocks)
        return diary


Question = Callable[[Any, Any, Diary], Awaitable[Any]]


def page(kind: Any, *where: Condition, order: tuple[Order, ...] = BY_START, part: Slice = SEVEN) -> Question:
    return lambda book, along, diary: book.page(kind, Listing(where, order), part, **along)


def pages(parent: str, named: Callable[[Diary], Iterable[Any]]) -> Question:
    def asked(book: Any, along: Any, diary: Diary) -> Awaitable[Any]:
        parents = [each.id for each in named(diary)]
        return book.pages(GroupAppointment, Listing((), BY_START), Slice(3), parent=parent, parents=parents, **along)

    return asked


def after_the_fifth(book: Any, along: Any, diary: Diary) -> Awaitable[Any]:
    order = (Order("created_at", True),)
    part = Slice(9, after=position(diary.groups[5], order))
    return book.page(GroupAppointment, Listing((), order), part, **along)


def ids(diary: Diary) -> list[int]:
    return [group.id for group in diary.groups[::2]]


LIVE = Condition("archived_at", Operator.IS_NOT_SET)
FROM = Condition("starts_at", Operator.GREATER, (A_MONDAY + HOUR,))
QUESTIONS: dict[str, tuple[Question, tuple[str, ...]]] = {
    "a page": (page(GroupAppointment), OF_GROUPS),
    "a page of live ones": (page(GroupAppointment, LIVE, FROM), OF_GROUPS),
    "a page of the torn": (page(GroupAppointment, Condition("has_conflicts", Operator.IN, (True,))), OF_GROUPS),
    "a last page": (page(GroupAppointment, part=Slice(7, backward=True)), OF_GROUPS),
    "a page by number": (page(GroupAppointment, part=Slice(7, offset=3)), OF_GROUPS),
    "a page from a position": (after_the_fifth, OF_GROUPS),
    "an empty page": (page(GroupAppointment, Condition("id", Operator.IN, ())), OF_GROUPS),
    "a page of places": (page(Attendee, order=()), OF_PLACES),
    "a page of blocks": (page(UnavailableBlock), ("practitioner_id", "business_id")),
    "pages of practitioners": (pages("practitioner_id", lambda diary: diary.practitioners), OF_GROUPS),
    "pages of patients": (pages("patient_ids", lambda diary: diary.patients), OF_GROUPS),
    "appointments": (lambda book, along, diary: book.find(GroupAppointment, ids(diary), **along), OF_GROUPS),
    "attendees": (lambda book, along, diary: book.attendees_of(ids(diary), **along), OF_PLACES),
    "all attendees": (
        lambda book, along, diary: book.attendees_of(ids(diary), include_cancelled=True, **along),
        OF_PLACES,
    ),
    "waitlists": (lambda book, along, diary: book.waitlists_of(ids(diary), **along), OF_PLACES),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("question", "columns"), QUESTIONS.values(), ids=QUESTIONS.keys())
async def test_what_is_read_along_is_what_is_named(
    practice: Practice, question: Question, columns: tuple[str, ...], seed: int
) -> None:
    diary = await Diary.saved(practice, seed)
    along: dict[str, dict[int, Any]] = {column: {} for column in columns}

    async def work(book: Any) -> Any:
        alone, together = await question(book, {}, diary), await question(book, {"along": along}, diary)
        named = {column: {getattr(one, column) for one in records(alone)} - {None} for column in columns}
        return alone, together, {column: await book.find(KINDS[column], named[column]) for column in columns}

    alone, together, found = await practice.store.read(practice.account.id, work)
    assert together == alone
    assert along == found
    assert any(found.values()) == bool(records(alone))


@pytest.mark.parametrize("column", OF_GROUPS)
async def test_one_column_alone_is_read_along(practice: Practice, column: str) -> None:
    diary = await Diary.saved(practice)
    named: dict[int, Any] = {}

    await practice.store.read(
        practice.account.id, lambda book: book.find(GroupAppointment, ids(diary), along={column: named})
    )

    assert {id: type(one) for id, one in named.items()} == dict.fromkeys(
        {getattr(group, column) for group in diary.groups[::2]} - {None}, KINDS[column]
    )


async def test_what_is_known_already_stays(practice: Practice) -> None:
    diary = await Diary.saved(practice)
    known = {diary.practitioners[0].id: "known"}

    await practice.store.read(
        practice.account.id,
        lambda book: book.page(GroupAppointment, Listing((), BY_START), Slice(36), along={"practitioner_id": known}),
    )

    assert known.pop(diary.practitioners[0].id) == "known"
    assert known == {each.id: each for each in diary.practitioners[1:3]}


async def test_how_many_statements_that_takes_depends_on_the_columns_alone(practice: Practice) -> None:
    diary = await Diary.saved(practice)
    taken = set()
    for count in (3, 30):
        store = CountingStore(practice.store)
        along: dict[str, dict[int, Any]] = {column: {} for column in OF_PLACES}
        some = [group.id for group in diary.groups[:count]]
        await store.read(practice.account.id, lambda book, some=some, along=along: book.attendees_of(some, along=along))
        taken.add(store.statements)

    assert len(taken) == 1


def records(answer: Any) -> list[Any]:
    if hasattr(answer, "records"):
        return list(answer.records)
    if isinstance(answer, dict):
        return [record for value in answer.values() for record in records(value)]
    return [answer] if hasattr(answer, "id") else list(answer)
