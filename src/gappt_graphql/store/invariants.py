"""What must be true of a whole book, in either database."""

from collections.abc import Mapping

_TAKEN = """(SELECT count(*) FROM attendees AS a WHERE a.account_id = g.account_id AND a.group_appointment_id = g.id
    AND a.cancelled_at IS NULL AND a.archived_at IS NULL)"""
_HELD = """attendees AS a JOIN group_appointments AS g
    ON g.account_id = a.account_id AND g.id = a.group_appointment_id"""
_BUSY = """CASE WHEN a.cancelled_at IS NULL AND a.archived_at IS NULL AND g.archived_at IS NULL THEN 1 ELSE 0 END"""

INVARIANTS: Mapping[str, str] = {
    "it counts other seats as taken than its attendees take": f"""SELECT 'group appointment' AS kind, id, account_id
        FROM group_appointments AS g WHERE active_attendees <> {_TAKEN}""",
    "it has more active attendees than seats": f"""SELECT 'group appointment' AS kind, id, account_id
        FROM group_appointments AS g WHERE {_TAKEN} > max_attendees""",
    "its copy of the appointment's times is not what the appointment says": f"""SELECT 'attendee' AS kind, a.id,
        a.account_id FROM {_HELD} WHERE a.starts_at <> g.starts_at OR a.ends_at <> g.ends_at OR a.is_long <> g.is_long
        OR a.is_busy <> {_BUSY}""",
    "its patient has another active place in the same appointment": """SELECT 'attendee' AS kind, max(id) AS id,
        account_id FROM attendees WHERE cancelled_at IS NULL AND archived_at IS NULL
        GROUP BY account_id, group_appointment_id, patient_id HAVING count(*) > 1""",
    "its changes and audit rows are not numbered from 1 to its last number": """SELECT 'account' AS kind,
        held.account_id AS id, held.account_id FROM accounts AS held LEFT JOIN
        (SELECT account_id, count(*) AS written, min(number) AS first_one, max(number) AS last_one FROM
            (SELECT account_id, number FROM changes UNION SELECT account_id, number FROM audit) AS every
            GROUP BY account_id) AS numbers ON numbers.account_id = held.account_id
        WHERE coalesce(written, 0) <> last_number OR written > 0 AND (first_one <> 1 OR last_one <> last_number)""",
}
"""For each thing that is wrong with a record, in words: what finds its kind, its id and its account."""
