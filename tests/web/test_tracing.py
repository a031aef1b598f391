"""Traces for a gateway that asks: decoded with the library of the format's makers, they have times and no contents."""

from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP

from builders import Practice
from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.schema import schema_of
from gappt_graphql.graph.tracing import FederatedTracing

WANTED = {"apollo-federation-include-trace": "ftv1"}

# The parts of Apollo's reports.proto that are written: name, number, kind, repeated.
TRACE: dict[str, list[tuple[str, int, str, bool]]] = {
    "Location": [("line", 1, "uint32", False), ("column", 2, "uint32", False)],
    "Error": [("message", 1, "string", False), ("location", 2, ".Location", True), ("json", 4, "string", False)],
    "Node": [
        ("response_name", 1, "string", False),
        ("index", 2, "uint32", False),
        ("type", 3, "string", False),
        ("parent_type", 13, "string", False),
        ("start_time", 8, "uint64", False),
        ("end_time", 9, "uint64", False),
        ("error", 11, ".Error", True),
        ("child", 12, ".Node", True),
    ],
    "Trace": [
        ("start_time", 4, ".google.protobuf.Timestamp", False),
        ("end_time", 3, ".google.protobuf.Timestamp", False),
        ("duration_ns", 11, "uint64", False),
        ("root", 14, ".Node", False),
    ],
}


def trace_of(answer: httpx2.Response) -> Any:
    file = FileDescriptorProto(name="trace.proto", syntax="proto3", dependency=[TIMESTAMP.name])
    for name, fields in TRACE.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
            if kind.startswith("."):
                message.field.add(name=field, number=number, label=label, type_name=kind)
            else:
                type_ = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
                message.field.add(name=field, number=number, label=label, type=type_)
    pool = DescriptorPool()
    pool.AddSerializedFile(TIMESTAMP.serialized_pb)
    pool.Add(file)
    trace = GetMessageClass(pool.FindMessageTypeByName("Trace"))()
    trace.ParseFromString(b64decode(answer.json()["extensions"]["ftv1"]))
    return trace


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node.child:
        yield from nodes(child)


@pytest.fixture
async def http(client_of: Callable[..., httpx2.AsyncClient], secret: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(options=Options(tracing=True)) as client:
        client.headers["authorization"] = f"Bearer {secret}"
        yield client


async def post(http: httpx2.AsyncClient, query: str, headers: dict[str, str] = WANTED, **variables: Any) -> Any:
    return await http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


async def test_a_trace_tells_how_long_each_field_took(http: httpx2.AsyncClient) -> None:
    answer = await post(http, "{ all: patients(first: 2) { nodes { label groupAppointments { totalCount } } } }")

    trace = trace_of(answer)
    [root] = trace.root.child
    assert (root.response_name, root.type, root.parent_type) == ("all", "PatientConnection", "Query")
    counted = [node for node in nodes(root) if node.response_name == "totalCount"]
    assert len(counted) == 2
    assert all(0 < node.start_time < node.end_time <= trace.duration_ns for node in counted)
    assert trace.end_time.ToDatetime() >= trace.start_time.ToDatetime()


@pytest.mark.parametrize("headers", [{}, {"apollo-federation-include-trace": "ftv2"}])
async def test_who_asks_for_no_trace_gets_none(http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    assert (await post(http, "{ __typename }", headers)).json() == {"data": {"__typename": "Query"}}


async def test_without_the_setting_there_is_no_trace(client_of: Callable[..., httpx2.AsyncClient], secret: str) -> None:
    async with client_of() as http:
        answer = await post(http, "{ __typename }", WANTED | {"authorization": f"Bearer {secret}"})

    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_trace_holds_the_codes_of_errors_and_nothing_of_what_was_sent(
    http: httpx2.AsyncClient, practice: Practice
) -> None:
    query = """query ($r: [_Any!]!) {
        patients(filter: {search: "Secretly"}, after: "Secretly") { nodes { label } }
        businesses(first: 101) { totalCount }
        _entities(representations: $r) { ... on Patient { label } }
    }"""
    known = {"__typename": "Patient", "id": str(practice.patients[0].id)}
    answer = await post(http, query, r=[known, "Secretly"])

    errors = [error.message for node in nodes(trace_of(answer).root) for error in node.error]
    assert errors == ["BAD_USER_INPUT", "BAD_USER_INPUT"]
    written = b64decode(answer.json()["extensions"]["ftv1"])
    assert b"Secretly" not in written
    assert b"Patient 1 Lee" not in written


async def test_a_trace_holds_nothing_of_what_broke(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, practice: Practice
) -> None:
    def broken(self: Loaders, kind: type[Any]) -> Any:
        raise OSError("The disk is gone, and with it Ada Lee")

    monkeypatch.setattr("gappt_graphql.graph.loaders.Loader.load", broken)
    answer = await post(http, "query ($id: ID!) { patient(id: $id) { label } }", id=str(practice.patients[0].id))

    assert [error.message for node in nodes(trace_of(answer).root) for error in node.error] == ["INTERNAL"]
    assert b"Ada" not in b64decode(answer.json()["extensions"]["ftv1"])


async def test_a_document_that_is_refused_has_a_trace_without_fields(http: httpx2.AsyncClient) -> None:
    answer = await post(http, '{ patients(search: "Ada") { nothing } }')

    assert answer.json()["errors"]
    assert not trace_of(answer).root.child


def test_a_field_that_is_not_traced_is_not_awaited() -> None:
    patient = schema_of(tracing=True)._schema.type_map["Patient"]
    label = SimpleNamespace(field_name="label", parent_type=patient, path=None)

    answer = FederatedTracing().resolve(lambda *_: "Ada Roe", None, label)  # type: ignore[arg-type]

    assert not isawaitable(answer)
