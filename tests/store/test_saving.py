"""What is saved is found again, by its own account alone."""

from datetime import timedelta
from random import Random
from typing import get_args

import msgspec
import pytest

from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Edit, Record, by_key
from past import wrong
from samples import finding, one_of_each

KINDS = list(get_args(Record))


async def test_every_kind_of_record_is_found_by_its_id(practice):
    records = await one_of_each(practice)

    assert set(records) == set(KINDS)
    for kind, record in records.items():
        found = await practice.store.read(practice.account.id, finding(kind, [record.id, record.id + 1_000_000]))
        assert found == {record.id: record}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_record_of_another_account_is_never_found(practice, other_practice, kind):
    foreign = (await one_of_each(other_practice))[kind]

    assert await practice.store.read(practice.account.id, finding(kind, [foreign.id])) == {}
    assert list(await other_practice.store.read(other_practice.account.id, finding(kind, [foreign.id]))) == [foreign.id]


async def test_lists_by_appointment_answer_nothing_about_another_account(practice, other_practice):
    foreign = (await one_of_each(other_practice))[GroupAppointment].repeated_from_id

    async def work(book):
        return [
            await book.attendees_of([foreign], include_cancelled=True),
            await book.waitlists_of([foreign]),
            await book.repeats_of([foreign]),
        ]

    assert await practice.store.read(practice.account.id, work) == [{foreign: []}] * 3
    assert all(answer[foreign] for answer in await practice.store.read(other_practice.account.id, work))


@pytest.mark.parametrize("id", [0, -1, 2**63, 2**200])
async def test_an_id_that_can_not_be_is_not_found(practice, id):
    async def work(book):
        return await book.find(GroupAppointment, [id]), await book.attendees_of([id])

    assert await practice.store.read(practice.account.id, work) == ({}, {id: []})


async def test_an_edit_of_another_accounts_record_changes_nothing(practice, other_practice):
    foreign = other_practice.patients[0]

    with pytest.raises(LookupError, match="Patient"):
        await practice.revise(foreign, last_name="Stolen")

    assert await other_practice.reload(foreign) == foreign


async def test_an_attendee_is_not_written_without_its_appointment(practice, other_practice):
    foreign = await other_practice.group()

    with pytest.raises(LookupError):
        await practice.save(practice.new_attendee(foreign, practice.patients[0]))


async def test_an_edit_writes_the_fields_that_differ_and_no_others(practice):
    group = await practice.group()
    await practice.revise(group, notes="Bring a mat")

    await practice.revise(group, max_attendees=5)

    now = await practice.reload(group)
    assert (now.notes, now.max_attendees) == ("Bring a mat", 5)


async def test_several_edits_of_one_record_in_one_save_end_as_the_last(practice):
    group = practice.new_group()
    noted = msgspec.structs.replace(group, notes="Bring a mat")
    smaller = msgspec.structs.replace(noted, max_attendees=5)

    async def work(book):
        await book.save([Edit(None, group), Edit(group, noted), Edit(noted, smaller)])

    await practice.store.write(practice.account.id, work)

    assert await practice.reload(group) == smaller


async def test_records_may_come_in_any_order_in_one_save(practice):
    business, practitioner = (
        practice.new(type(practice.business), name="South", time_zone="UTC"),
        practice.new(type(practice.practitioner), first_name=None, last_name="Ito"),
    )
    patient = practice.new_patients(1)[0]
    group = practice.new_group(business_id=business.id, practitioner_id=practitioner.id, active_attendees=1)
    repeat = practice.new_group(repeated_from_id=group.id, series_position=1)
    attendee = practice.new_attendee(group, patient)

    await practice.save(attendee, repeat, group, patient, practitioner, business)

    assert await practice.reload(attendee) == attendee
    assert await practice.reload(repeat) == repeat


async def test_a_patient_may_leave_a_place_and_take_another_in_one_save(practice):
    group = await practice.group()
    first, second = (practice.new_attendee(group, practice.patients[0]) for _ in range(2))
    await practice.save(first)

    async def work(book):
        await book.save([Edit(None, second), Edit(first, msgspec.structs.replace(first, cancelled_at=practice.now))])

    await practice.store.write(practice.account.id, work)

    attendees = await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id]))
    assert attendees == {group.id: [second]}


async def test_two_places_of_a_patient_may_change_over_in_one_save(practice):
    group = await practice.group()
    active, cancelled = (practice.new_attendee(group, practice.patients[0]) for _ in range(2))
    cancelled = msgspec.structs.replace(cancelled, cancelled_at=practice.now)
    await practice.save(active, cancelled)
    reinstated = msgspec.structs.replace(cancelled, cancelled_at=None)

    async def work(book):
        ended = msgspec.structs.replace(active, cancelled_at=practice.now)
        await book.save([Edit(cancelled, reinstated), Edit(active, ended)])

    await practice.store.write(practice.account.id, work)

    attendees = await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id]))
    assert attendees == {group.id: [reinstated]}


async def test_attendees_come_in_booking_order_active_ones_first_archived_ones_never(practice):
    group, empty = await practice.group(), await practice.group()
    minute = timedelta(minutes=1)
    late, early, cancelled, archived = (
        practice.new_attendee(group, patient, created_at=practice.now + after * minute)
        for after, patient in zip((3, 1, 0, 2), practice.patients[:4], strict=True)
    )
    cancelled = msgspec.structs.replace(cancelled, cancelled_at=practice.now)
    archived = msgspec.structs.replace(archived, archived_at=practice.now)
    await practice.save(late, early, cancelled, archived)

    async def work(book):
        ids = [group.id, empty.id]
        return await book.attendees_of(ids), await book.attendees_of(ids, include_cancelled=True)

    active, every = await practice.store.read(practice.account.id, work)

    assert active == {group.id: [early, late], empty.id: []}
    assert every == {group.id: [early, late, cancelled], empty.id: []}


async def test_patients_come_in_booking_order_without_those_who_no_longer_come(practice):
    group, empty = await practice.group(), await practice.group()
    minute = timedelta(minutes=1)
    late, early, cancelled, archived = practice.patients[:4]
    places = [
        practice.new_attendee(group, patient, created_at=practice.now + after * minute, **gone)
        for patient, after, gone in (
            (late, 3, {}),
            (early, 1, {}),
            (cancelled, 0, {"cancelled_at": practice.now}),
            (archived, 2, {"archived_at": practice.now}),
        )
    ]
    await practice.save(*places)
    early = await practice.revise(early, archived_at=practice.now)

    patients = await practice.store.read(practice.account.id, lambda book: book.patients_of([empty.id, group.id]))

    assert patients == {group.id: [early, late], empty.id: []}


async def test_a_waitlist_is_first_come_first_and_without_those_who_left(practice):
    group, empty = await practice.group(), await practice.group()
    late, early, gone = (
        practice.new(
            WaitlistEntry,
            group_appointment_id=group.id,
            patient_id=patient.id,
            created_at=practice.now + timedelta(minutes=after),
            left_at=left_at,
        )
        for after, left_at, patient in zip((2, 1, 0), (None, None, practice.now), practice.patients[:3], strict=True)
    )
    await practice.save(late, early, gone)

    lists = await practice.store.read(practice.account.id, lambda book: book.waitlists_of([group.id, empty.id]))

    assert lists == {group.id: [early, late], empty.id: []}


async def test_repeats_come_by_position_archived_ones_too(practice):
    root, alone = await practice.group(), await practice.group()
    third, first, second = (
        practice.new_group(repeated_from_id=root.id, series_position=position) for position in (3, 1, 2)
    )
    second = msgspec.structs.replace(second, archived_at=practice.now)
    await practice.save(third, first, second)

    repeats = await practice.store.read(practice.account.id, lambda book: book.repeats_of([root.id, alone.id]))

    assert repeats == {root.id: [first, second, third], alone.id: []}


@pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")
@pytest.mark.parametrize("statement", ["attendees_of", "patients_of", "waitlists_of", "repeats_of"])
async def test_questions_by_appointment_walk_no_table(practice, raw, statement):
    asked = {
        "attendees_of": by_key.ATTENDEES_OF,
        "patients_of": by_key.PATIENTS_OF,
        "waitlists_of": by_key.WAITLISTS_OF,
        "repeats_of": by_key.REPEATS_OF,
    }[statement]
    plan = raw.execute(f"EXPLAIN QUERY PLAN {asked.sqlite}", {"account": 1, "ids": "[1,2]"}).fetchall()

    walked = [row[3] for row in plan if row[3].startswith("SCAN") and "json_each" not in row[3]]
    assert walked == []


@pytest.mark.parametrize("seed", range(8))
async def test_an_attendees_copies_say_what_its_appointment_says(practice, past, seed):
    random = Random(seed)
    groups, places, seen = {}, {}, set()

    def an_edit():
        flip = random.choice([None, practice.now])
        if not groups or random.random() < 0.2:
            return Edit(None, practice.new_group(archived_at=flip))
        if not places or random.random() < 0.3:
            patient = random.choice(practice.patients)
            fields = {"cancelled_at": practice.now, "archived_at": flip}  # so that no patient has two active places
            return Edit(None, practice.new_attendee(random.choice([*groups.values()]), patient, **fields))
        if random.random() < 0.5:
            group = random.choice([*groups.values()])
            starts_at = group.starts_at + timedelta(hours=random.choice([0, 0, 5]))
            ends_at = starts_at + timedelta(hours=random.choice([1, 24, 30]))
            fields = {"starts_at": starts_at, "ends_at": ends_at, "archived_at": flip}
            return Edit(group, msgspec.structs.replace(group, **fields))
        place = random.choice([*places.values()])
        taken = {(each.group_appointment_id, each.patient_id) for each in places.values() if each.active}
        free = (place.group_appointment_id, place.patient_id) not in taken
        fields = (
            {"cancelled_at": None, "archived_at": None}
            if free
            else random.choice([{"cancelled_at": practice.now}, {"archived_at": practice.now}])
        )
        return Edit(place, msgspec.structs.replace(place, **fields))

    for _ in range(25):
        edits = []
        for _ in range(random.randint(1, 6)):
            edits.append(an_edit())
            after = edits[-1].after
            (groups if isinstance(after, GroupAppointment) else places)[after.id] = after

        async def work(book, edits=edits):
            await book.save(edits)

        await practice.store.write(practice.account.id, work)

        assert "copies" not in wrong(past)
        seen.update(past.rows("SELECT is_busy FROM attendees"))

    assert seen == {(0,), (1,)}  # the edits were worth looking at
