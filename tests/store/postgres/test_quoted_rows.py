"""A database that quotes rows when it fails: nothing of that reaches an answer or a line of a server's log."""

from contextlib import contextmanager

import httpx2
import pytest

from a_server import BOOK, AServer
from gappt_graphql.practice.access import issue_key

MARK = "47114711471147"
"""A name and a key as good as any, and a number that is out of range."""
NAMED = "mutation ($input: CreatePatientInput!) { createPatient(input: $input) { patient { id } } }"
NOTED = """mutation ($input: UpdateGroupAppointmentInput!) {
  updateGroupAppointment(input: $input) { groupAppointment { id } } }"""
OF_A_TRIGGER = """CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$;
    CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION planted()"""
NO_TRIGGER = "DROP FUNCTION planted CASCADE"
PLANTED = {
    "23505": (
        "patients",
        f"CREATE UNIQUE INDEX planted ON patients (last_name) WHERE last_name = '{MARK}'",
        "DROP INDEX planted",
    ),
    "23514": (
        "idempotency_keys",
        f"ALTER TABLE idempotency_keys ADD CONSTRAINT planted CHECK (key NOT LIKE '%{MARK}%')",
        "ALTER TABLE idempotency_keys DROP CONSTRAINT planted",
    ),
    "22003": (
        "group_appointments",
        OF_A_TRIGGER.format(table="group_appointments", body="PERFORM NEW.notes::integer"),
        NO_TRIGGER,
    ),
    # Under row-level security the server leaves the row out of DETAIL itself; other engines need not.
    **{
        f"{state} with its row": (
            "patients",
            OF_A_TRIGGER.format(
                table="patients",
                body=f"RAISE EXCEPTION 'row %', NEW USING ERRCODE = '{state}', DETAIL = NEW, HINT = NEW.last_name",
            ),
            NO_TRIGGER,
        )
        for state in ("23505", "23514", "22003", "22P02", "XX000")
    },
    "57014": (
        "patients",
        OF_A_TRIGGER.format(table="patients", body="RAISE EXCEPTION 'row %', NEW USING ERRCODE = '57014'"),
        NO_TRIGGER,
    ),
}


@contextmanager
def planted(database, plant, take_away):
    database.execute(plant)
    try:
        yield
    finally:
        database.execute(take_away)


@pytest.fixture
async def server(practice, database, tmp_path):
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    log = tmp_path / "log"
    with log.open("w") as file:
        server = AServer(database.url, key=issued.secret, flags=["--log-level", "debug"], log=file)
    server.log = log
    yield server
    server.kill()


async def test_rows_that_a_database_quotes_where_it_fails_are_in_no_answer_and_in_no_line_of_the_log(
    practice, database, server
):
    group = await practice.group(patients=practice.patients[:2])
    await practice.revise(practice.patients[-1], last_name=MARK)
    asked = {
        "patients": (NAMED, {"firstName": MARK, "lastName": MARK}),
        "group_appointments": (NOTED, {"id": str(group.id), "notes": MARK}),
        "idempotency_keys": (
            BOOK,
            {
                "groupAppointmentId": str(group.id),
                "patientIds": [str(practice.patients[4].id)],
                "idempotencyKey": f"graph {MARK}",
            },
        ),
    }
    body = {"booking_id": str(group.id), "patient_id": str(practice.patients[5].id)}
    server.wait_until_it_answers()

    with httpx2.Client(base_url=server.address, headers=server.headers, timeout=60) as client:
        for state, (table, plant, take_away) in PLANTED.items():
            query, given = asked[table]
            with planted(database, plant, take_away):
                answers = [client.post("/graphql", json={"query": query, "variables": {"input": given}})]
                if table == "idempotency_keys":
                    headers = {"Idempotency-Key": f"rest {MARK}"}
                    answers.append(client.post("/v1/attendees", json=body, headers=headers))
                    assert answers[-1].status_code == 500
            [error] = answers[0].json()["errors"]
            assert error["extensions"]["code"] == ("UNAVAILABLE" if state == "57014" else "INTERNAL"), state
            for answer in answers:
                assert MARK not in f"{answer.headers} {answer.text}", state

    server.process.terminate()
    server.process.wait(30)
    told = server.log.read_text()
    for kind in ("UniqueViolationError", "CheckViolationError", "NumericValueOutOfRangeError", "57014"):
        assert kind in told
    assert MARK not in told
