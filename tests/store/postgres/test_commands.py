"""The commands on a PostgreSQL database, as the role that serves it; `migrate` is in test_migrations_of_postgres.py."""

import json
import socket
import stat
import subprocess
import sys

import httpx2
from click.testing import CliRunner

from a_server import AServer, booked
from gappt_graphql.cli import main
from gappt_graphql.practice.access import issue_key
from postgres_faults import faults

COUNTED = {"query": "{ groupAppointments(first: 1) { totalCount } }"}
ATTENDED = "query ($id: ID!) { groupAppointment(id: $id) { attendeeCount attendees { id } } }"


def run(url, *arguments):
    """Run a command that succeeds, and return what it prints."""
    done = CliRunner().invoke(main, [*arguments, "--database-url", url])
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(url, *arguments):
    """Run a command that is refused, and return the sentence."""
    done = CliRunner().invoke(main, [*arguments, "--database-url", url])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1), done.output
    return done.stderr


def asked(server, key, **body):
    answer = httpx2.post(f"{server.address}/graphql", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    return answer.status_code, answer.json()


def test_accounts_and_keys_are_made_listed_and_revoked(database, store_url):
    run(store_url, "account", "create", "Riverside")
    made = json.loads(run(store_url, "key", "create", "--account", "Riverside", "--scopes", "read", "--json"))
    run(store_url, "key", "create", "--account", "Lakeside")

    assert {one["name"] for one in json.loads(run(store_url, "account", "list", "--json"))} == {"Riverside", "Lakeside"}
    [key] = json.loads(run(store_url, "key", "list", "--account", "Riverside", "--json"))
    assert made["key"][-4:] in run(store_url, "key", "list", "--account", "Riverside")
    assert key["revokedAt"] is None
    assert "no key with the id" in refused(store_url, "key", "revoke", key["id"], "--account", "Lakeside")
    run(store_url, "key", "revoke", key["id"], "--account", "Riverside")
    [key] = json.loads(run(store_url, "key", "list", "--account", "Riverside", "--json"))
    assert key["revokedAt"]
    assert "'Riverside' already" in refused(store_url, "account", "create", "Riverside")
    assert "no account named 'Riverbed'" in refused(store_url, "key", "list", "--account", "Riverbed")


def test_the_demo_is_exported_and_imported_into_another_account_and_its_audit_verified(database, store_url, tmp_path):
    records, copied, audit = (tmp_path / name for name in ("records.jsonl", "copied.jsonl", "audit.jsonl"))
    run(store_url, "demo", "--account", "Riverside")
    run(store_url, "export", str(records), "--account", "Riverside")

    first = run(store_url, "import", str(records), "--account", "Copy")
    again = run(store_url, "import", str(records), "--account", "Copy")
    run(store_url, "export", str(copied), "--account", "Copy")

    assert copied.read_text() == records.read_text()
    assert len(records.read_text().splitlines()) > 100
    assert stat.S_IMODE(records.stat().st_mode) == 0o600
    assert " 0 changed, 0 as before" in first
    assert ": 0 new, 0 changed" in again
    assert "has records already" in refused(store_url, "demo", "--account", "Riverside")
    run(store_url, "audit", "export", str(audit), "--account", "Copy")
    rows = len(audit.read_text().splitlines())
    assert f"'Copy': {rows} rows, as they were written." in run(store_url, "audit", "verify")
    assert faults(database) == []


def test_an_audit_that_was_changed_is_told_with_its_place(database, store_url):
    run(store_url, "key", "create", "--account", "Riverside")
    database.execute("SET session_replication_role = replica")
    try:
        database.execute("UPDATE audit SET after = '{}' WHERE operation = 'CreateKey'")
    finally:
        database.execute("SET session_replication_role = DEFAULT")

    verified = CliRunner().invoke(main, ["audit", "verify", "--database-url", store_url])

    assert verified.exit_code == 1
    assert "'Riverside': broken at row 2: " in verified.stderr


def test_the_demo_is_served_with_a_fresh_key_each_time_and_only_where_no_real_book_is(database, store_url):
    keys = []
    for _ in range(2):
        server = AServer(store_url, flags=["--demo"])
        try:
            keys.append(server.told("API key:"))
            answers = [asked(server, key, **COUNTED) for key in keys]
        finally:
            server.kill()
    assert [status for status, _ in answers] == [401, 200]
    assert answers[-1][1]["data"]["groupAppointments"]["totalCount"] > 0

    run(store_url, "account", "create", "Riverside")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "gappt_graphql", "serve", "--demo", "--port", str(port)]
    done = subprocess.run(
        [*command, "--database-url", store_url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "leaves real books alone, and this store has the account 'Riverside'" in done.stderr
    assert "secret" not in done.stderr


async def test_two_servers_of_one_database_see_each_what_the_other_has_booked(practice, database):
    group = await practice.group()
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    servers = [AServer(database.url, key=issued.secret) for _ in range(2)]
    try:
        made = []
        for server, patient in zip(servers, practice.patients, strict=False):
            server.wait_until_it_answers()
            async with server.client() as client:
                made.append(str(await booked(client, group.id, patient.id)))
        for server in servers:
            status, answer = asked(server, issued.secret, query=ATTENDED, variables={"id": str(group.id)})
            assert status == 200
            found = answer["data"]["groupAppointment"]
            assert found["attendeeCount"] == 2
            assert [one["id"] for one in found["attendees"]] == made
    finally:
        for server in servers:
            server.kill()
