"""Whatever is wrong with a book is found and told, though nothing held it when it was written."""

import sqlite3

import pytest

from gappt_graphql.store.invariants import INVARIANTS
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.invariants import faults
from samples import one_of_each

pytestmark = pytest.mark.sqlite("what is looked for in a file that shall be put in place of another")


@pytest.fixture
async def unguarded(practice, raw):
    """The file of a book with one record of each kind, and a way to break it past its own rules."""
    await one_of_each(practice)

    def broken(statement: str) -> list[str]:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA ignore_check_constraints=ON")
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
        for _, text in triggers:
            raw.execute(text)
        return [*faults(raw, revision=HEAD)]

    return broken


async def test_a_sound_book_has_no_faults(practice, raw):
    await one_of_each(practice)

    assert [*faults(raw, revision=HEAD)] == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE group_appointments SET active_attendees = active_attendees + 1", "counts other seats as taken"),
        ("UPDATE group_appointments SET max_attendees = 0", "more active attendees than seats"),
        ("UPDATE attendees SET is_busy = 0", "copy of the appointment's times"),
        ("UPDATE attendees SET starts_at = starts_at + 1", "copy of the appointment's times"),
        ("UPDATE accounts SET last_number = last_number + 1", "numbered from 1 to its last number"),
        ("UPDATE attendees SET patient_id = 7", "refers to a row of patients that is not there"),
        ("UPDATE businesses SET created_at = 'x'", "Row 1 of businesses, of which businesses_kinds_insert"),
        ("UPDATE group_appointments SET repeat_type = 'YEARLY'", "holds what its columns do not take"),
        ("DROP INDEX uq_attendees_active", "The index uq_attendees_active is missing"),
        ("CREATE TRIGGER extra AFTER INSERT ON audit BEGIN SELECT 1; END", "The trigger extra is none that"),
        ("ALTER TABLE patients ADD COLUMN extra", "The table patients is not the one that this program makes"),
    ],
)
async def test_what_no_book_may_be_is_told(unguarded, statement, told):
    assert told in "\n".join(unguarded(statement))


async def test_each_invariant_stands_for_something_that_is_told(practice, raw):
    """The rest of them: a second active place can't be written while its index is there."""
    await one_of_each(practice)
    index = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'uq_attendees_active'").fetchone()[0]
    raw.execute("DROP INDEX uq_attendees_active")
    columns = [name for _, name, *_ in raw.execute("PRAGMA table_info(attendees)")]
    given = ", ".join("id + 1" if name == "id" else name for name in columns)
    raw.execute(f"INSERT INTO attendees SELECT {given} FROM attendees")

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(index)
    statement = INVARIANTS["its patient has another active place in the same appointment"]
    assert len(raw.execute(statement).fetchall()) == 1


async def test_a_table_or_an_index_of_somebody_else_does_no_harm(practice, raw):
    await one_of_each(practice)
    raw.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
    raw.execute("CREATE INDEX for_a_report ON patients (email)")

    assert [*faults(raw, revision=HEAD)] == []


async def test_a_fault_does_not_repeat_what_people_wrote(unguarded, practice):
    told = unguarded("UPDATE patients SET first_name = x'00', last_name = 'Planted'")

    assert told
    assert "Planted" not in "".join(told)
