"""The demo practices: the same every time, and with one of everything to be seen."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import Any, Literal

import msgspec
import pytest

from builders import Practice
from gappt_graphql import demo
from gappt_graphql.demo.large import large_practice
from gappt_graphql.demo.small import small_practice
from gappt_graphql.scheduling.asking import Listing, Slice
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.conflicts import Conflict, ConflictKind
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Account, Book, Record, Store

A_SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)


@cache
def large() -> tuple[Record, ...]:
    return tuple(large_practice())


def of(kind: type[Any], records: tuple[Record, ...] | list[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


async def filled(practice: Practice, size: Literal["small", "large"], now: datetime = A_SUNDAY) -> Account:
    account = Account(id=practice.ids.next(now), name="Demo", created_at=now, demo=True)  # type: ignore[arg-type]
    await practice.store.add_account(account)
    await demo.fill(
        practice.store, account=account, size=size, now=now, ids=practice.ids, progress=lambda done, total: None
    )
    return account


async def groups_of(store: Store, account: Account) -> list[GroupAppointment]:
    async def work(book: Book) -> list[GroupAppointment]:
        return list((await book.page(GroupAppointment, Listing(), Slice(limit=1000))).records)

    return await store.read(account.id, work)


async def conflicts_of(store: Store, account: Account) -> list[Conflict]:
    async def work(book: Book) -> list[Conflict]:
        groups = (await book.page(GroupAppointment, Listing(), Slice(limit=1000))).records
        found = await book.conflicts_of([group.id for group in groups], tuple(ConflictKind))
        return [conflict for conflicts in found.values() for conflict in conflicts]

    return await store.read(account.id, work)


def test_the_small_practice_is_the_same_on_every_day_of_a_week() -> None:
    monday, sunday = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 22, 23, 59, tzinfo=UTC)

    assert small_practice(monday) == small_practice(sunday)


def test_the_small_practice_moves_with_the_week_and_keeps_its_ids() -> None:
    this, next = small_practice(A_SUNDAY), small_practice(A_SUNDAY + timedelta(weeks=1))

    assert this != next
    assert [(type(one), one.id) for one in this] == [(type(one), one.id) for one in next]


def test_the_small_practice_fits_one_screen() -> None:
    counts = Counter(type(record) for record in small_practice(A_SUNDAY))

    assert (counts[Business], counts[Practitioner], counts[AppointmentType], counts[Patient]) == (2, 4, 4, 30)
    assert 35 <= counts[GroupAppointment] <= 45
    assert {business.time_zone for business in of(Business, small_practice(A_SUNDAY))} == {
        "Australia/Sydney",
        "Europe/London",
    }


@pytest.mark.parametrize("week", range(0, 52, 3))
def test_a_series_of_the_small_practice_crosses_a_change_of_the_clocks(week: int) -> None:
    records = small_practice(A_SUNDAY + timedelta(weeks=week))
    series = [group for group in of(GroupAppointment, records) if group.id == 1 or group.repeated_from_id == 1]

    assert len({group.starts_at.time() for group in series}) == 2
    assert {group.plan.local.time().isoformat() for group in series} == {"09:00:00"}


async def test_the_small_practice_has_every_kind_of_conflict_once(practice: Practice) -> None:
    account = await filled(practice, "small")

    found = Counter(conflict.kind for conflict in await conflicts_of(practice.store, account))

    # A double booking is seen from both of its appointments.
    assert found == {
        ConflictKind.PRACTITIONER_DOUBLE_BOOKED: 2,
        ConflictKind.PATIENT_DOUBLE_BOOKED: 2,
        ConflictKind.PRACTITIONER_UNAVAILABLE: 1,
    }


async def test_the_small_practice_has_a_full_group_to_come_with_a_waitlist(practice: Practice) -> None:
    account = await filled(practice, "small")
    full = [group for group in await groups_of(practice.store, account) if group.is_full]

    async def work(book: Book) -> Any:
        return await book.waitlists_of([group.id for group in full])

    waitlists = await practice.store.read(account.id, work)
    assert [len(entries) for entries in waitlists.values()] == [2]
    assert full[0].starts_at > A_SUNDAY


def test_the_small_practice_has_a_cancelled_attendee_and_an_archived_group() -> None:
    records = small_practice(A_SUNDAY)

    assert len([attendee for attendee in of(Attendee, records) if attendee.cancelled_at]) == 1
    assert len([group for group in of(GroupAppointment, records) if group.archived_at]) == 1


@pytest.mark.parametrize("size", ["small", "large"])
def test_seats_are_counted_and_never_passed(size: str) -> None:
    records = small_practice(A_SUNDAY) if size == "small" else large()
    active = Counter(attendee.group_appointment_id for attendee in of(Attendee, records) if attendee.active)

    assert {group.id: group.active_attendees for group in of(GroupAppointment, records)} == {
        group.id: active[group.id] for group in of(GroupAppointment, records)
    }
    assert all(group.active_attendees <= group.max_attendees for group in of(GroupAppointment, records))


@pytest.mark.parametrize("size", ["small", "large"])
def test_nobody_can_be_written_to(size: str) -> None:
    records = small_practice(A_SUNDAY) if size == "small" else large()
    addresses = [patient.email for patient in of(Patient, records) if patient.email]

    assert {address.rpartition("@")[2] for address in addresses} == {"example.com", "example.org"}
    assert all(address.isascii() and "'" not in address for address in addresses)


def test_the_large_practice_has_its_sizes() -> None:
    counts = Counter(type(record) for record in large())

    assert (counts[Practitioner], counts[Business], counts[AppointmentType]) == (50, 5, 20)
    assert (counts[Patient], counts[GroupAppointment]) == (20_000, 20_000)
    assert 7.5 < counts[Attendee] / counts[GroupAppointment] < 8.5
    assert counts[UnavailableBlock] > 500
    assert counts[WaitlistEntry] > 500
    assert len({business.time_zone for business in of(Business, large())}) == 5


def test_the_large_practice_is_the_same_every_time() -> None:
    def digest(records: list[Record] | tuple[Record, ...]) -> str:
        return sha256(msgspec.json.encode(records)).hexdigest()

    assert digest(large_practice()) == digest(large())
    assert of(Patient, large())[-1].label == "Quentin Oakapple"


def test_the_large_practice_spans_two_years_with_hundreds_of_series() -> None:
    groups = of(GroupAppointment, large())
    starts = [group.starts_at for group in groups]

    assert timedelta(days=715) < max(starts) - min(starts) < timedelta(days=735)
    assert len({group.repeated_from_id for group in groups}) > 300
    assert all(group.starts_at == group.plan.starts_at for group in groups if group.plan)


def test_a_few_practitioners_and_patients_of_the_large_practice_are_booked_twice() -> None:
    groups = {group.id: group for group in of(GroupAppointment, large()) if group.archived_at is None}
    by_practitioner: dict[int, list[GroupAppointment]] = {}
    by_patient: dict[int, list[GroupAppointment]] = {}
    for group in groups.values():
        by_practitioner.setdefault(group.practitioner_id, []).append(group)
    for attendee in of(Attendee, large()):
        if attendee.active and attendee.group_appointment_id in groups:
            by_patient.setdefault(attendee.patient_id, []).append(groups[attendee.group_appointment_id])

    assert 0.05 < overlapping(by_practitioner) / 20_000 < 0.07
    assert 100 < overlapping(by_patient) < 1_000


def overlapping(diaries: dict[int, list[GroupAppointment]]) -> int:
    """Count the appointments that overlap one beside them in somebody's diary."""
    found = set()
    for diary in diaries.values():
        diary.sort(key=lambda group: group.starts_at)
        for one, other in pairwise(diary):
            if one.span.overlaps(other.span):
                found |= {one.id, other.id}
    return len(found)


def test_some_attendees_of_the_large_practice_are_cancelled() -> None:
    attendees = of(Attendee, large())

    assert 0.05 < len([one for one in attendees if one.cancelled_at]) / len(attendees) < 0.07


async def test_the_large_practice_is_stored(practice: Practice) -> None:
    account = await filled(practice, "large")

    async def work(book: Book) -> list[int]:
        return [await book.count(kind, Listing()) for kind in (GroupAppointment, Patient, Attendee)]

    assert await practice.store.read(account.id, work) == [20_000, 20_000, len(of(Attendee, large()))]


async def test_an_account_with_records_is_not_filled(practice: Practice) -> None:
    with pytest.raises(demo.NotEmpty):
        await demo.fill(
            practice.store,
            account=practice.account,
            size="small",
            now=A_SUNDAY,
            ids=practice.ids,
            progress=lambda done, total: None,
        )


async def test_the_demo_tells_the_change_feed(practice: Practice) -> None:
    account = await filled(practice, "small")

    async def work(book: Book) -> Any:
        return await book.changes(after=0, limit=1000, ids=None, practitioners=None, businesses=None)

    changes = await practice.store.read(account.id, work)
    assert len([change for change in changes if change.kind == "CREATED"]) == 43
