"""What the tables refuse, whatever a program does."""

import sqlite3

import pytest

from gappt_graphql.store import tables
from past import REFUSALS
from samples import one_of_each

REFERENCES = [
    (table.name, column, foreign.elements[0].column.table.name)
    for table in tables.metadata.sorted_tables
    for foreign in table.foreign_key_constraints
    for column in foreign.column_keys
    if column != "account_id"
]


@pytest.fixture
async def crossing(practice, other_practice, past, table, column, other):
    """A change of one record that lets it refer to one of another account."""
    await one_of_each(practice)
    await one_of_each(other_practice)
    [(foreign,), *_] = past.rows(f"SELECT id FROM {other} WHERE account_id = ?", other_practice.account.id)
    [(mine,), *_] = past.rows(f"SELECT id FROM {table} WHERE account_id = ?", practice.account.id)
    return f"UPDATE {table} SET {column} = ? WHERE account_id = ? AND id = ?", foreign, practice.account.id, mine


@pytest.mark.parametrize(("table", "column", "other"), REFERENCES)
async def test_no_reference_crosses_accounts(past, crossing):
    with pytest.raises(REFUSALS, match=r"not there|A key never changes|foreign key"):
        past.change(*crossing)


@pytest.mark.sqlite("a connection that checks no references")
@pytest.mark.parametrize(("table", "column", "other"), REFERENCES)
async def test_no_reference_crosses_accounts_where_nobody_checks_references(raw, crossing):
    text, *values = crossing

    raw.execute("PRAGMA foreign_keys=OFF")
    with pytest.raises(sqlite3.IntegrityError, match=r"not there|A key never changes"):
        raw.execute(text, values)


async def test_a_group_never_holds_more_than_its_seats_even_for_a_careless_program(practice, past):
    group = await practice.group(max_attendees=2, patients=practice.patients[:2])

    for fields in ("active_attendees = 3", "max_attendees = 1", "active_attendees = -1"):
        with pytest.raises(REFUSALS, match=r"seats"):
            past.change(f"UPDATE group_appointments SET {fields} WHERE id = ?", group.id)


async def test_a_patient_has_one_active_place_in_a_group(practice):
    group = await practice.group(patients=practice.patients[:1])

    with pytest.raises(REFUSALS, match=r"UNIQUE|uq_attendees_active"):
        await practice.save(practice.new_attendee(group, practice.patients[0]))
