"""The change feed is read from a number on, by what one follows."""

from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.directory import Business, Practitioner
from gappt_graphql.store import Change


@pytest.fixture
async def told(practice: Practice) -> list[Change]:
    """Four changes of two appointments with different practitioners and businesses."""
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    south = practice.new(Business, name="South", time_zone="Europe/London")
    await practice.save(ash, south)
    mine = await practice.group()
    theirs = await practice.group(practitioner_id=ash.id, business_id=south.id)
    changes = [
        Change(
            kind=kind,
            group_appointment_id=group.id,
            practitioner_id=group.practitioner_id,
            business_id=group.business_id,
            changed_fields=("starts_at", "ends_at"),
            at=A_MONDAY,
        )
        for kind, group in [("CREATED", mine), ("CREATED", theirs), ("UPDATED", mine), ("ARCHIVED", theirs)]
    ]

    async def work(book: Any) -> None:
        await book.journal(changes, [])

    await practice.store.write(practice.account.id, work)
    return changes


async def read(practice: Practice, *, after: int = 0, limit: int = 100, **of: Any) -> list[Change]:
    following = {"ids": None, "practitioners": None, "businesses": None} | of

    async def work(book: Any) -> Any:
        return await book.changes(after=after, limit=limit, **following)

    return list(await practice.store.read(practice.account.id, work))


async def test_changes_come_oldest_first_as_they_were_written(practice: Practice, told: list[Change]) -> None:
    found = await read(practice)

    assert [change.kind for change in found] == ["CREATED", "CREATED", "UPDATED", "ARCHIVED"]
    assert found[0].changed_fields == ("starts_at", "ends_at")
    assert found[0].at == A_MONDAY
    assert [change.number for change in found] == sorted({change.number for change in found})


async def test_reading_goes_on_after_a_number(practice: Practice, told: list[Change]) -> None:
    everything = await read(practice)

    first = await read(practice, limit=3)
    assert first == everything[:3]
    assert await read(practice, after=first[-1].number) == everything[3:]
    assert await read(practice, after=2**63) == []


async def test_one_follows_appointments_practitioners_or_businesses(practice: Practice, told: list[Change]) -> None:
    everything = await read(practice)
    mine, theirs = everything[0], everything[1]

    assert await read(practice, ids=[mine.group_appointment_id]) == [everything[0], everything[2]]
    assert await read(practice, practitioners=[theirs.practitioner_id]) == [everything[1], everything[3]]
    assert await read(practice, businesses=[theirs.business_id, -1, 2**63]) == [everything[1], everything[3]]
    assert await read(practice, ids=[mine.group_appointment_id], businesses=[theirs.business_id]) == []


async def test_following_nothing_finds_nothing(practice: Practice, told: list[Change]) -> None:
    assert await read(practice, ids=[]) == []


async def test_another_accounts_changes_are_not_told(
    practice: Practice, other_practice: Practice, told: list[Change]
) -> None:
    assert await read(other_practice) == []
    assert await read(other_practice, ids=[told[0].group_appointment_id]) == []
