"""What a command writes is written together, or not at all."""

import pytest
from msgspec.structs import replace

from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.store import Edit, KeptOutcome, Vacancy, by_key
from gappt_graphql.store.audit import audit_end
from gappt_graphql.store.seats import Overtaken
from gappt_graphql.store.steps import Step, take
from past import REFUSALS, wrong
from reception import roster, waiting
from samples import a_journal, stored


def renaming(practice, *patients):
    """Return what gives these patients a name, one statement for each of them."""
    each = [{"account": practice.account.id, "record": patient.id, "last_name": "Ng"} for patient in patients]
    return by_key.update_of(Patient, ("last_name",)), each


def moving(practice, *patients):
    each = [{"account": practice.account.id, "record": patient.id, "email": "a@b.example"} for patient in patients]
    return by_key.update_of(Patient, ("email",)), each


@pytest.mark.parametrize("count", [1, 2, 12])
async def test_statements_that_run_together_tell_how_many_rows_each_touched(practice, count):
    ada, ben, *others = practice.patients
    missing = replace(ada, id=ada.id + 10**6)

    async def work(book):
        return list(
            await book.run_together(
                [renaming(practice, ada, missing), moving(practice, *others[:count]), renaming(practice, missing, ben)]
            )
        )

    assert await practice.store.write(practice.account.id, work) == [1, min(count, 10), 1]
    assert {(await practice.reload(each)).last_name for each in (ada, ben)} == {"Ng"}
    assert [(await practice.reload(each)).email for each in others[:count]] == ["a@b.example"] * min(count, 10)


async def test_a_step_that_misses_a_row_fails_with_its_own_words_and_undoes_the_others(practice):
    ada, ben, *_ = practice.patients
    missing = replace(ben, id=ben.id + 10**6)

    async def work(book):
        await take(
            book,
            Step(*renaming(practice, ada), lambda: AssertionError("not this one")),
            Step(*moving(practice, ben, missing), lambda: LookupError("Nobody has this id.")),
        )

    with pytest.raises(LookupError, match="Nobody has this id"):
        await practice.store.write(practice.account.id, work)
    assert (await practice.reload(ada)).last_name == ada.last_name


async def test_a_journal_that_somebody_else_has_continued_meanwhile_is_not_forked(practice, past):
    group = await practice.group()
    before = past.rows("SELECT last_number, audit_hash FROM accounts")

    async def work(book):
        await book.journal([], a_journal(practice, group)[1])
        book.journal_end = (0, 0, "")
        await book.journal(*a_journal(practice, group))

    with pytest.raises((Overtaken, *REFUSALS)):
        await practice.store.write(practice.account.id, work)
    assert past.rows("SELECT last_number, audit_hash FROM accounts") == before


async def test_changes_without_an_audit_leave_its_end_where_it_is(practice):
    group = await practice.group()

    async def work(book):
        await book.journal(*a_journal(practice, group))
        before = await audit_end(book)
        await book.journal(a_journal(practice, group)[0], [])
        return before == await audit_end(book), await book.last_number()

    assert await practice.store.write(practice.account.id, work) == (True, 2)


async def test_places_that_are_given_are_entered_with_their_journal_and_outcome(practice, past):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group()
    entry = practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=ada.id)
    await practice.save(entry)
    kept = KeptOutcome(key="k", fingerprint="f", outcome="{}", at=practice.now)
    edits = [
        Edit(group, replace(group, active_attendees=2)),
        *(Edit(None, practice.new_attendee(group, patient)) for patient in (ada, ben)),
        Edit(None, practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=cleo.id)),
        Edit(entry, replace(entry, left_at=practice.now)),
    ]

    async def work(book):
        await book.enter(edits, *a_journal(practice, group), kept)
        return book.journalled_to, await book.kept_outcome("k")

    assert await practice.store.write(practice.account.id, work) == (1, kept)
    assert await roster(practice, group) == [ada.id, ben.id]
    assert await waiting(practice, group) == [cleo.id]
    assert (await practice.reload(group)).active_attendees == 2
    assert wrong(past) == {}


async def test_more_than_places_is_entered_too(practice, past):
    group = await practice.group()
    patient = practice.new(Patient, first_name="Zoe", last_name="Lee")
    edits = [
        Edit(None, patient),
        Edit(group, replace(group, max_attendees=1, active_attendees=1)),
        Edit(None, practice.new_attendee(group, patient)),
    ]

    async def work(book):
        await book.enter(edits, *a_journal(practice, group))

    await practice.store.write(practice.account.id, work)

    after = await practice.reload(group)
    assert (after.max_attendees, after.active_attendees) == (1, 1)
    assert await stored(practice, patient) == [True]
    assert wrong(past) == {}


async def test_no_more_places_are_entered_than_there_are_seats(practice, past):
    group = await practice.group(max_attendees=2, patients=practice.patients[:1])
    edits = [
        Edit(group, replace(group, active_attendees=3)),
        *(Edit(None, practice.new_attendee(group, patient)) for patient in practice.patients[1:3]),
    ]

    with pytest.raises((Overtaken, *REFUSALS)):
        await practice.store.write(practice.account.id, lambda book: book.enter(edits, *a_journal(practice, group)))

    assert await roster(practice, group) == [practice.patients[0].id]
    assert past.rows("SELECT number FROM changes") == []
    assert wrong(past) == {}


async def test_a_vacancy_tells_what_is_in_the_way_of_a_booking(practice, other_practice):
    ada, ben, cleo, *_ = practice.patients
    group = await practice.group(patients=[ada])
    await practice.revise(cleo, archived_at=practice.now)
    foreign = other_practice.patients[0]

    async def ask(group, *patients):
        return await practice.store.read(
            practice.account.id, lambda book: book.vacancy(group.id, [patient.id for patient in patients])
        )

    assert await ask(group, ben) == Vacancy(group, 0, False, False)
    assert await ask(group, ben, ben) == Vacancy(group, 0, False, False)
    assert await ask(group, ada, cleo, foreign) == Vacancy(group, 2, True, False)
    await practice.save(practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=ben.id))
    assert await ask(group, ben) == Vacancy(group, 0, False, True)


@pytest.mark.parametrize("id", [0, -1, 2**63, 2**200])
async def test_there_is_no_vacancy_for_an_id_that_can_not_be(practice, id):
    group = await practice.group()

    async def work(book):
        return await book.vacancy(id, [1]), await book.vacancy(group.id, [id])

    assert await practice.store.read(practice.account.id, work) == (None, None)


async def test_another_accounts_appointment_has_no_vacancy(practice, other_practice):
    foreign = await other_practice.group()

    assert await practice.store.read(practice.account.id, lambda book: book.vacancy(foreign.id, [1])) is None
