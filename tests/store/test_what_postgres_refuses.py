"""Whoever writes to PostgreSQL past the program can't break the book: not even the superuser, by hand."""

import asyncpg
import pytest

from samples import a_journal, one_of_each


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE group_appointments SET starts_at = ends_at",
        "UPDATE group_appointments SET max_attendees = 0",
        "UPDATE group_appointments SET active_attendees = max_attendees + 1",
        "UPDATE group_appointments SET active_attendees = -1",
        "UPDATE group_appointments SET is_long = 1",
        "UPDATE group_appointments SET ends_at = ends_at + interval '2 days'",
        "UPDATE group_appointments SET version = 0",
        "UPDATE group_appointments SET repeat_type = 'YEARLY', repeating_interval = 1, number_of_repeats = 1",
        "UPDATE group_appointments SET repeat_type = 'DAILY'",
        "UPDATE group_appointments SET repeat_type = 'DAILY', repeating_interval = 0, number_of_repeats = 1",
        "UPDATE group_appointments SET repeated_from_id = id",
        "UPDATE group_appointments SET planned_zone = 'Europe/London'",
        "UPDATE attendees SET arrived = 2",
        "UPDATE attendees SET is_busy = 2",
        "UPDATE attendees SET is_long = 1",
        "UPDATE attendees SET cancellation_reason = 'BORED'",
        "UPDATE practitioners SET active = 2",
        "UPDATE appointment_types SET telehealth_enabled = 7",
        "UPDATE appointment_types SET duration_in_minutes = -5",
        "UPDATE unavailable_blocks SET ends_at = starts_at",
        "UPDATE unavailable_blocks SET is_long = 1",
        "UPDATE accounts SET name = '  '",
        "UPDATE accounts SET demo = 2",
        "UPDATE accounts SET last_number = last_number - 1",
        "UPDATE patients SET id = id + 1",
        "UPDATE webhooks SET state = 'RUNNING'",
        "UPDATE webhooks SET position = -1",
        "UPDATE webhook_deliveries SET due_at = NULL",
        "UPDATE webhook_deliveries SET number = number + 1",
        "UPDATE calendar_feeds SET digest = 'x'",
        "UPDATE calendar_feeds SET business_id = NULL",
        "UPDATE calendar_feeds SET business_id = NULL, practitioner_id = business_id",
        "UPDATE attendees SET patient_id = patient_id + 1",
        "UPDATE waitlist_entries SET group_appointment_id = group_appointment_id + 1",
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "UPDATE changes SET kind = 'x'",
        "DELETE FROM changes",
        "INSERT INTO audit SELECT account_id, 9, at, key_id, actor, request_id, operation, record_kind, record_id,"
        " before, after, '' FROM audit",
        "DELETE FROM accounts",
        "DELETE FROM businesses",
        "INSERT INTO waitlist_entries SELECT account_id, 5, group_appointment_id, patient_id, created_at, NULL"
        " FROM waitlist_entries",
    ],
)
async def test_what_no_book_may_say_is_refused(practice, database, statement):
    records = await one_of_each(practice)
    group = next(record for kind, record in records.items() if kind.__name__ == "GroupAppointment")
    await practice.store.write(practice.account.id, lambda book: book.journal(*a_journal(practice, group)))

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        database.execute(statement)
