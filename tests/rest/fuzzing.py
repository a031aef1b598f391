"""
Requests made up from the OpenAPI description, thousands of them, to a server on the loopback.

No answer may be of a kind that the description does not tell. The requests are the same every time. Schemathesis
makes them, in an environment of its own, so this runs by `make test-contract` alone.
"""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis import checks

from builders import A_MONDAY, Practice
from gappt_graphql.practice.access import issue_key
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DESCRIPTION = Path(__file__).parents[2] / "src/gappt_graphql/rest/openapi.yaml"
IDS = range(1, 41)
"""The ids of every kind of record in the practice that is asked."""

ANSWERED: dict[str, set[int]] = {}
"""The statuses that each operation has answered with."""

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
]

schema = schemathesis.openapi.from_path(DESCRIPTION)


@pytest.fixture(scope="module")
def server(empty_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Serve a practice, and return the address and a key."""
    path = tmp_path_factory.mktemp("served") / "book.db"
    shutil.copy(empty_book, path)
    listener = socket.create_server(("127.0.0.1", 0))
    served = _Served(f"sqlite:///{path}", listener)
    served.start()
    assert served.ready.wait(30)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", served.secret
    served.server.should_exit = True
    served.join(30)


def test_the_description_is_openapi() -> None:
    schema.validate()


@schema.parametrize()
@seed(20261122)
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_of_a_kind_that_is_not_described(case: Any, server: tuple[str, str]) -> None:
    address, secret = server

    answer = case.call_and_validate(base_url=address, headers={"Authorization": f"Bearer {secret}"}, checks=CHECKS)

    ANSWERED.setdefault(case.operation.label, set()).add(answer.status_code)


def test_every_operation_has_done_its_work_at_least_once() -> None:
    assert {name: statuses for name, statuses in ANSWERED.items() if statuses.isdisjoint({200, 201, 204})} == {}
    assert len(ANSWERED) == len(list(schema.get_all_operations()))


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Ask about a record that exists in three cases of four."""
    if path_parameters and "id" in path_parameters:
        path_parameters["id"] = _often_of_a_record(path_parameters["id"])
    return path_parameters


@schema.hook
def map_body(context: Any, body: Any) -> Any:
    """Refer to records that exist in three cases of four."""
    if isinstance(body, dict):
        return {name: _often_of_a_record(value) if name.endswith("_id") else value for name, value in body.items()}
    return body


def _often_of_a_record(id: Any) -> Any:
    number = crc32(repr(id).encode())
    return id if number % 4 == 0 else str(IDS[number // 4 % len(IDS)])


class _Served(threading.Thread):
    """A server in a thread, on a practice with records of the ids."""

    def __init__(self, url: str, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self.url, self.listener, self.ready = url, listener, threading.Event()
        self.secret: str
        self.server: uvicorn.Server

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        store = await open_store(self.url)
        practice = await Practice.open(store, name="Riverside", now=NOW)
        await _fill(practice)
        issued = await issue_key(
            store, account=practice.account.id, scopes=["read", "write"], now=NOW, ids=practice.ids
        )
        self.secret = issued.secret
        # Time goes on with each request, or else those without a key would soon be too many.
        moments = (NOW + timedelta(seconds=10 * n) for n in count())
        app = create_app(store, clock=lambda: next(moments), ids=practice.ids, rate_limit=0)
        self.server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
        self.ready.set()
        await self.server.serve(sockets=[self.listener])
        await store.close()


async def _fill(practice: Practice) -> None:
    for id in IDS:
        practice.business = practice.new(Business, id=id, name=f"Business {id}", time_zone="Australia/Sydney")
        practice.practitioner = practice.new(Practitioner, id=id, first_name="Robin", last_name="Hale")
        practice.type = practice.new(AppointmentType, id=id, name="Pilates", duration_in_minutes=60, max_attendees=8)
        patient = practice.new(Patient, id=id, first_name="Ada", last_name="Lee")
        group = practice.new_group(A_MONDAY + timedelta(hours=id), id=id, active_attendees=1)
        attendee = practice.new(Attendee, id=id, group_appointment_id=group.id, patient_id=patient.id)
        await practice.save(practice.business, practice.practitioner, practice.type, patient, group, attendee)
