"""A book as the first versions wrote it: a row in every table, instants in microseconds."""

A_BOOK = """
INSERT INTO accounts (account_id, name, last_number, created_at) VALUES (7, 'Riverside', 9, 1), (8, 'Lakeside', 0, 1);
INSERT INTO businesses VALUES (7, 1, 'North', 'Europe/London', 'north', 1, 1, NULL);
INSERT INTO practitioners VALUES (7, 1, 'Robin', 'Hale', NULL, NULL, 1, 'hale', 'robin hale', 1, 1);
INSERT INTO patients VALUES (7, 1, 'Zoë', 'Lee', NULL, NULL, 'lee', 'zoe lee', 1, 1, NULL);
INSERT INTO patients VALUES (7, 2, 'Kim', 'Lee', NULL, '1990-01-02', 'lee', 'kim lee', 1, 1, NULL);
INSERT INTO appointment_types VALUES (7, 1, 'Pilates', 60, 8, NULL, NULL, NULL, 0, 'pilates', 1, 1, NULL);
INSERT INTO group_appointments VALUES (7, 1, 1000000, 2000000, 0, 2, 1, NULL, NULL, 1, 1, 1, 'DAILY', 1, 3, NULL, 0,
    5, 'Europe/London', 6, 1, 1, 1, NULL);
INSERT INTO attendees VALUES (7, 1, 1, 1, 1, 'note', NULL, NULL, NULL, 1000000, 2000000, 0, 1, 1, 1, NULL);
INSERT INTO attendees VALUES (7, 2, 1, 2, NULL, NULL, 5, 'SICK', 'ill', 1000000, 2000000, 0, 0, 1, 1, NULL);
INSERT INTO unavailable_blocks VALUES (7, 1, 1, NULL, 1000000, 2000000, 0, 'away', 1, 1, NULL);
INSERT INTO waitlist_entries VALUES (7, 1, 1, 2, 1, NULL);
INSERT INTO changes VALUES (7, 9, 'UPDATED', 1, 1, 1, NULL, NULL, '["notes"]', 1);
INSERT INTO idempotency_keys VALUES (7, 'retried', 'fingerprint', '{}', 1);
INSERT INTO audit VALUES (7, 3, 1, NULL, NULL, 'r', 'Create', 'Patient', 1, NULL, '{"first_name":"Zoë \u2028"}');
INSERT INTO audit VALUES (7, 4, 2, 5, 'reception', 'r', 'Update', 'Patient', 1, '{"a":null}', '{"a":"\"x\""}');
INSERT INTO audit VALUES (7, 9, 3, 5, NULL, 'r', 'Update', 'Patient', 1, '{}', '{}');
"""

KEPT_AS_THEY_ARE = [
    "businesses",
    "practitioners",
    "patients",
    "appointment_types",
    "unavailable_blocks",
    "group_appointments",
    "attendees",
    "waitlist_entries",
    "changes",
    "idempotency_keys",
]
