"""Whoever writes to the file past the program can't break the book."""

import sqlite3
from datetime import timedelta

import pytest

from builders import A_MONDAY
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from samples import finding, one_of_each

pytestmark = pytest.mark.sqlite("triggers of the file")

RECORDS = [
    "api_keys",
    "businesses",
    "practitioners",
    "patients",
    "appointment_types",
    "unavailable_blocks",
    "group_appointments",
    "attendees",
    "waitlist_entries",
    "calendar_feeds",
    "webhooks",
    "webhook_deliveries",
]


@pytest.fixture
async def full(practice):
    """A group of two seats, both taken, and a third attendee, who has cancelled."""
    group = await practice.group(max_attendees=2, patients=practice.patients[:2])
    gone = practice.new_attendee(group, practice.patients[2], cancelled_at=practice.now)
    await practice.save(gone)
    return group


async def seats(practice, group):
    """Return how many seats the store counts, and how many attendees there are."""
    attendees = await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id]))
    return (await practice.reload(group)).active_attendees, len(attendees[group.id])


INSERT = """INSERT {how} INTO attendees (account_id, id, group_appointment_id, patient_id, starts_at, ends_at, is_long,
    is_busy, created_at, updated_at) SELECT account_id, {id}, {group}, {patient}, 0, 1, 0, 0, 0, 0
    FROM group_appointments WHERE id = {group}"""


@pytest.mark.parametrize("how", ["", "OR REPLACE", "OR IGNORE", "OR FAIL"])
async def test_nobody_is_put_into_a_full_group(practice, full, raw, how):
    with pytest.raises(sqlite3.IntegrityError, match="seats"):
        raw.execute(INSERT.format(how=how, id=7, group=full.id, patient=practice.patients[3].id))

    assert await seats(practice, full) == (2, 2)


@pytest.mark.parametrize("how", ["", "OR REPLACE", "OR IGNORE", "OR FAIL"])
async def test_nobody_comes_back_into_a_full_group(practice, full, raw, how):
    with pytest.raises(sqlite3.IntegrityError, match="seats"):
        raw.execute(f"UPDATE {how} attendees SET cancelled_at = NULL")

    assert await seats(practice, full) == (2, 2)


@pytest.mark.parametrize(
    "fields", ["max_attendees = 1", "max_attendees = 1, active_attendees = 1", "max_attendees = 0"]
)
async def test_a_group_does_not_shrink_below_its_roster(practice, full, raw, fields):
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(f"UPDATE group_appointments SET {fields}")


@pytest.mark.parametrize("number", [-1, 0, 1, 3, "NULL", "'two'", 1.5])
async def test_the_seats_taken_are_counted_and_not_stated(practice, raw, number):
    await practice.group(max_attendees=8, patients=practice.patients[:2])

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(f"UPDATE group_appointments SET active_attendees = {number}")


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE attendees SET cancelled_at = 1", 0),
        ("UPDATE attendees SET archived_at = 1", 0),
        ("DELETE FROM attendees", 0),
        ("DELETE FROM attendees WHERE cancelled_at IS NOT NULL", 2),
        ("UPDATE OR REPLACE attendees SET notes = 'x'", 2),
    ],
)
async def test_the_seats_taken_follow_whatever_is_done_to_attendees(practice, full, raw, statement, left):
    raw.execute(statement)

    assert await seats(practice, full) == (left, left)


async def test_an_attendee_is_not_moved_by_replacing_the_row(practice, full, raw):
    other = await practice.group(A_MONDAY + timedelta(days=1))
    attendee = raw.execute("SELECT id FROM attendees WHERE cancelled_at IS NULL").fetchone()[0]

    with pytest.raises(sqlite3.IntegrityError, match="The id is taken"):
        raw.execute(INSERT.format(how="OR REPLACE", id=attendee, group=other.id, patient=practice.patients[3].id))

    assert await seats(practice, full) == (2, 2)


async def test_who_has_a_seat_is_not_replaced_by_one_who_has_none(practice, full, raw):
    active = "(SELECT id FROM attendees WHERE cancelled_at IS NULL ORDER BY id LIMIT 1)"
    columns = [name for _, name, *_ in raw.execute("PRAGMA table_info(attendees)")]
    values = ", ".join("1" if name == "cancelled_at" else name for name in columns)

    with pytest.raises(sqlite3.IntegrityError, match="The id is taken"):
        raw.execute(f"INSERT OR REPLACE INTO attendees SELECT {values} FROM attendees WHERE id = {active}")

    assert await seats(practice, full) == (2, 2)


async def test_who_has_a_seat_is_not_replaced_by_a_row_that_takes_its_number(practice, full, raw):
    with pytest.raises(sqlite3.IntegrityError, match="A key never changes"):
        raw.execute("""UPDATE OR REPLACE attendees SET rowid = (SELECT rowid FROM attendees WHERE cancelled_at IS NULL)
            WHERE cancelled_at IS NOT NULL""")

    assert await seats(practice, full) == (2, 2)


async def test_a_group_does_not_shrink_below_its_roster_where_checks_are_off(practice, full, raw):
    raw.execute("PRAGMA ignore_check_constraints = ON")

    with pytest.raises(sqlite3.IntegrityError, match="There are no seats left"):
        raw.execute("UPDATE group_appointments SET max_attendees = 1")


async def test_an_account_that_replaces_itself_does_not_number_anew(practice, raw):
    await practice.store.write(practice.account.id, lambda book: book.journal([], [a_row(practice)]))

    with pytest.raises(sqlite3.IntegrityError, match="only rise"):
        raw.execute("""INSERT OR REPLACE INTO accounts (account_id, name, created_at)
            SELECT account_id, name, created_at FROM accounts""")


async def test_a_group_that_replaces_another_is_counted_anew(practice, full, raw):
    columns = [name for _, name, *_ in raw.execute("PRAGMA table_info(group_appointments)")]
    given = ", ".join("0" if name == "active_attendees" else name for name in columns)

    raw.execute(f"INSERT OR REPLACE INTO group_appointments SELECT {given} FROM group_appointments")

    assert await seats(practice, full) == (2, 2)


@pytest.mark.parametrize(
    ("fields", "copies"),
    [
        ({"starts_at": "1", "ends_at": "2"}, (1, 2, 0, 1)),
        ({"starts_at": "1", "ends_at": "86400000002", "is_long": "1"}, (1, 86400000002, 1, 1)),
        ({"archived_at": "5", "starts_at": "1", "ends_at": "2"}, (1, 2, 0, 0)),
    ],
)
async def test_a_group_that_replaces_another_takes_its_attendees_along(practice, raw, fields, copies):
    await practice.group(patients=practice.patients[:1])
    columns = [name for _, name, *_ in raw.execute("PRAGMA table_info(group_appointments)")]
    given = ", ".join(fields.get(name, name) for name in columns)

    raw.execute(f"INSERT OR REPLACE INTO group_appointments SELECT {given} FROM group_appointments")

    assert raw.execute("SELECT starts_at, ends_at, is_long, is_busy FROM attendees").fetchone() == copies


async def test_a_clash_of_attendees_ids_across_groups_runs_the_unit_again(practice, full):
    from gappt_graphql.store import Edit

    other = await practice.group(A_MONDAY + timedelta(days=1))
    [taken, *_] = (await practice.store.read(practice.account.id, lambda book: book.attendees_of([full.id])))[full.id]
    ids = [taken.id, practice.new(Attendee, group_appointment_id=1, patient_id=1).id]

    async def work(book):
        attendee = practice.new_attendee(other, practice.patients[5], id=ids.pop(0))
        await book.save([Edit(None, attendee)])

    await practice.store.write(practice.account.id, work)

    assert await seats(practice, other) == (1, 1)


async def test_an_attendees_copies_of_the_appointment_are_put_right_whoever_writes_them(practice, raw):
    group = await practice.group(patients=practice.patients[:1])
    copies = "SELECT starts_at, ends_at, is_long, is_busy FROM attendees"
    before = raw.execute(copies).fetchall()

    raw.execute("UPDATE attendees SET starts_at = 1, ends_at = 2, is_long = 1, is_busy = 0")
    assert raw.execute(copies).fetchall() == before

    raw.execute("UPDATE group_appointments SET starts_at = starts_at + 60000000, archived_at = 1")
    start, _, _, busy = raw.execute(copies).fetchone()
    assert (start, busy) == (before[0][0] + 60000000, 0)
    assert (await practice.reload(group)).archived_at is not None


@pytest.mark.parametrize("table", RECORDS)
@pytest.mark.parametrize("column", ["id", "account_id"])
async def test_a_key_never_changes(practice, other_practice, raw, table, column):
    await one_of_each(practice)
    await a_key(practice)
    value = 1 if column == "id" else other_practice.account.id

    raw.execute("PRAGMA foreign_keys=OFF")
    with pytest.raises(sqlite3.IntegrityError, match="A key never changes"):
        raw.execute(f"UPDATE {table} SET {column} = {value} WHERE account_id = {practice.account.id}")


@pytest.mark.parametrize("how", ["", "OR REPLACE", "OR IGNORE"])
async def test_a_patient_of_another_account_is_not_put_into_a_group_where_foreign_keys_are_off(
    practice, other_practice, raw, how
):
    group = await practice.group()

    raw.execute("PRAGMA foreign_keys=OFF")
    with pytest.raises(sqlite3.IntegrityError, match="It refers to a record that is not there"):
        raw.execute(INSERT.format(how=how, id=7, group=group.id, patient=other_practice.patients[0].id))


async def test_no_account_has_rows_that_does_not_exist_where_foreign_keys_are_off(practice, raw):
    raw.execute("PRAGMA foreign_keys=OFF")
    for table in [*RECORDS, "changes", "audit", "idempotency_keys"]:
        columns = [name for _, name, *_ in raw.execute(f"PRAGMA table_info({table})")]
        values = ["5" if name == "account_id" else "1" for name in columns]
        with pytest.raises(sqlite3.IntegrityError, match="It refers to a record that is not there"):
            raw.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)})")


@pytest.mark.parametrize(
    "table",
    ["accounts", "businesses", "practitioners", "patients", "appointment_types", "group_appointments"],
)
async def test_what_is_referred_to_is_not_deleted_where_foreign_keys_are_off(practice, raw, table):
    await one_of_each(practice)

    raw.execute("PRAGMA foreign_keys=OFF")
    with pytest.raises(sqlite3.IntegrityError, match="Other records refer to it"):
        raw.execute(f"DELETE FROM {table}")


async def a_key(practice):
    from gappt_graphql.practice.access import issue_key

    await issue_key(practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE group_appointments SET starts_at = 'soon'",
        "UPDATE group_appointments SET ends_at = 'later'",
        "UPDATE group_appointments SET starts_at = ends_at",
        "UPDATE group_appointments SET starts_at = NULL",
        "UPDATE group_appointments SET max_attendees = 4.5",
        "UPDATE group_appointments SET max_attendees = -1",
        "UPDATE group_appointments SET is_long = 1",
        "UPDATE group_appointments SET version = 0",
        "UPDATE group_appointments SET notes = x'00'",
        "UPDATE group_appointments SET archived_at = 'never'",
        "UPDATE group_appointments SET repeat_type = 'YEARLY', repeating_interval = 1, number_of_repeats = 1",
        "UPDATE group_appointments SET repeat_type = 'DAILY'",
        "UPDATE group_appointments SET repeated_from_id = id",
        "UPDATE group_appointments SET planned_zone = 'Europe/London'",
        "UPDATE attendees SET arrived = 2",
        "UPDATE attendees SET cancelled_at = 'yes'",
        "UPDATE attendees SET cancellation_reason = 'BORED'",
        "UPDATE attendees SET notes = 5.5, created_at = 'x'",
        "UPDATE patients SET date_of_birth = x'31'",
        "UPDATE practitioners SET active = 2",
        "UPDATE appointment_types SET telehealth_enabled = 'no'",
        "UPDATE appointment_types SET duration_in_minutes = -5",
        "UPDATE unavailable_blocks SET ends_at = starts_at",
        "UPDATE unavailable_blocks SET ends_at = 'x'",
        "UPDATE waitlist_entries SET left_at = 'x'",
        "UPDATE calendar_feeds SET digest = 'x'",
        "UPDATE calendar_feeds SET last_four = NULL",
        "UPDATE calendar_feeds SET revoked_at = 'yes'",
        "UPDATE calendar_feeds SET business_id = NULL",
        "INSERT INTO calendar_feeds SELECT account_id, id + 1, 'x', 'four', NULL, NULL, 0, NULL FROM calendar_feeds",
        "UPDATE webhooks SET state = 'RUNNING'",
        "UPDATE webhooks SET position = -1",
        "UPDATE webhooks SET url = NULL",
        "UPDATE webhooks SET held_until = 'soon'",
        "UPDATE webhook_deliveries SET state = 'LOST'",
        "UPDATE webhook_deliveries SET due_at = NULL",
        "UPDATE webhook_deliveries SET number = number + 1",
        "UPDATE webhook_deliveries SET status = 'fine'",
        "UPDATE accounts SET name = ''",
        "UPDATE accounts SET name = NULL",
        "UPDATE accounts SET last_number = last_number - 1",
        "UPDATE accounts SET account_id = 5",
        "DELETE FROM accounts",
        "DELETE FROM businesses",
        "DELETE FROM group_appointments",
        "INSERT INTO waitlist_entries SELECT account_id, 5, group_appointment_id, patient_id, created_at, NULL"
        " FROM waitlist_entries",
        "INSERT INTO attendees SELECT * FROM attendees",
    ],
)
async def test_what_no_book_may_say_is_refused(practice, raw, statement):
    await one_of_each(practice)
    await practice.store.write(practice.account.id, lambda book: book.journal([], [a_row(practice)]))

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 1",
        "INSERT INTO audit SELECT account_id, 0, at, key_id, actor, request_id, operation, record_kind, record_id,"
        " before, after, hash FROM audit LIMIT 1",
        "INSERT INTO audit SELECT account_id, 9, at, key_id, actor, request_id, operation, record_kind, record_id,"
        " before, after, '' FROM audit LIMIT 1",
    ],
)
async def test_the_audit_is_only_added_to(practice, raw, statement):
    await practice.store.write(practice.account.id, lambda book: book.journal([], [a_row(practice)] * 2))

    with pytest.raises(sqlite3.IntegrityError, match="The audit is only added to"):
        raw.execute(statement)


def a_row(practice):
    from gappt_graphql.store import AuditRow

    return AuditRow(
        at=practice.now,
        key_id=None,
        actor=None,
        request_id="test",
        operation="Test",
        record_kind="Patient",
        record_id=1,
        before=None,
        after="{}",
    )


async def test_who_leaves_makes_room_in_the_same_save_for_who_comes_and_for_a_smaller_group(practice, full):
    from msgspec.structs import replace

    from gappt_graphql.store import Edit

    attendees = (await practice.store.read(practice.account.id, lambda book: book.attendees_of([full.id])))[full.id]
    smaller = replace(full, max_attendees=1, active_attendees=1)
    edits = [
        Edit(full, smaller),
        *(Edit(attendee, replace(attendee, cancelled_at=practice.now)) for attendee in attendees),
        Edit(None, practice.new_attendee(full, practice.patients[5])),
    ]

    await practice.store.write(practice.account.id, lambda book: book.save(edits))

    found = await practice.store.read(practice.account.id, finding(GroupAppointment, [full.id]))
    assert found[full.id] == smaller
    assert await seats(practice, full) == (1, 1)
