"""Entities: a gateway's batch is answered in order, and nothing in it can fail the rest."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from asking import Client, CountingStore
from builders import Practice
from gappt_graphql.graph import federation
from gappt_graphql.graph.schema import sdl
from gappt_graphql.scheduling.directory import Business
from gappt_graphql.store import Store

ENTITIES = """query ($r: [_Any!]!) { _entities(representations: $r) {
    __typename
    ... on GroupAppointment { id availableSeats }
    ... on Patient { id label }
    ... on Practitioner { id label }
    ... on Business { id name }
    ... on AppointmentType { id name }
    ... on Attendee { id patient { label } }
} }"""


class _Without:
    """A store that can't read one kind of record."""

    def __init__(self, kind: type[Any], store: Store) -> None:
        self._kind, self._store = kind, store

    async def read(self, account: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def without(book: Any) -> Any:
            find = book.find

            async def find_others(kind: type[Any], ids: Any) -> Any:
                if kind is self._kind:
                    raise OSError("The disk is gone, and with it Ada Lee")
                return await find(kind, ids)

            book.find = find_others
            return await work(book)

        return await self._store.read(account, without)


def reference(name: str, id: Any, **more: Any) -> dict[str, Any]:
    return {"__typename": name, "id": id, **more}


async def test_each_entity_is_found_by_its_key(client: Client, practice: Practice) -> None:
    group = practice.new_group(active_attendees=1)
    place = practice.new_attendee(group, practice.patients[0])
    await practice.save(group, place)
    records = {
        "GroupAppointment": group.id,
        "Patient": practice.patients[0].id,
        "Practitioner": practice.practitioner.id,
        "Business": practice.business.id,
        "AppointmentType": practice.type.id,
        "Attendee": place.id,
    }
    data = await client.ask(ENTITIES, r=[reference(name, str(id)) for name, id in records.items()])

    assert [(each["__typename"], each["id"]) for each in data["_entities"]] == [
        (name, str(id)) for name, id in records.items()
    ]
    assert data["_entities"][0]["availableSeats"] == 7
    assert data["_entities"][5]["patient"] == {"label": "Patient 1 Lee"}


MALFORMED: list[Any] = [
    {},
    {"__typename": "Patient"},
    {"id": "1"},
    reference("Nobody", "1"),
    reference("Query", "1"),
    reference("WaitlistEntry", "1"),
    reference("", "1"),
    reference("Patient" * 10_000, "1"),
    reference("Patient", ""),
    reference("Patient", "  "),
    reference("Patient", "7" * 10_000),
    reference("Patient", 10**400),
    reference("Patient", None),
    reference("Patient", True),
    reference("Patient", 1.0),
    reference("Patient", ["1"]),
    reference("Patient", {"id": "1"}),
    reference(None, "1"),  # type: ignore[arg-type]
    reference(["Patient"], "1"),  # type: ignore[arg-type]
    "Patient",
    7,
    [],
]


@pytest.mark.parametrize("id", ["1", "x", "01", "-1", -2, 2**63, 2**64 - 1, "\ud800", "١"])
async def test_what_is_missing_is_null_without_an_error(client: Client, practice: Practice, id: Any) -> None:
    good = reference("Patient", str(practice.patients[0].id))
    data = await client.ask(ENTITIES, r=[good, reference("Patient", id), good])

    assert [each and each["label"] for each in data["_entities"]] == ["Patient 1 Lee", None, "Patient 1 Lee"]


async def test_another_accounts_record_is_null_without_an_error(client: Client, other_practice: Practice) -> None:
    foreign = reference("Patient", str(other_practice.patients[0].id))

    assert await client.ask(ENTITIES, r=[foreign]) == {"_entities": [None]}


@pytest.mark.parametrize("bad", MALFORMED)
async def test_what_is_malformed_is_null_with_an_error_in_its_place(
    client: Client, practice: Practice, bad: Any
) -> None:
    good = reference("Patient", str(practice.patients[0].id))
    result = await client.send(ENTITIES, r=[good, bad, good])

    assert [each and each["label"] for each in result.data["_entities"]] == ["Patient 1 Lee", None, "Patient 1 Lee"]
    [error] = [error.formatted for error in result.errors or ()]
    assert (error["path"], error["extensions"]) == (["_entities", 1], {"code": "BAD_USER_INPUT"})


async def test_errors_of_representations_repeat_nothing_that_was_sent(client: Client) -> None:
    marked = [reference("Marked", "1"), reference("Patient", ["marked"]), "marked", {"marked": "marked"}]
    result = await client.send(ENTITIES, r=marked)

    assert len(result.errors or ()) == 4
    assert "marked" not in repr([error.formatted for error in result.errors or ()]).lower()


async def test_what_a_representation_says_besides_its_key_is_ignored(client: Client, practice: Practice) -> None:
    forged = reference("Patient", str(practice.patients[0].id), label="forged", unknown={"x": 1})
    data = await client.ask(ENTITIES, r=[forged])

    assert data["_entities"][0]["label"] == "Patient 1 Lee"


async def test_representations_may_stand_in_the_document(client: Client, practice: Practice) -> None:
    id = practice.patients[0].id
    query = (
        "query ($id: ID!, $rest: _Any!) { _entities(representations: ["
        f' {{__typename: "Patient", id: "{id}"}}, {{__typename: "Patient", id: {id}}},'
        ' {__typename: "Patient", id: $id}, $rest, {__typename: "Patient", id: 1.5}'
        "]) { ... on Patient { label } } }"
    )
    result = await client.send(query, id=str(id), rest=reference("Patient", str(id)))

    assert result.data == {"_entities": [*([{"label": "Patient 1 Lee"}] * 4), None]}
    assert [error.path for error in result.errors or ()] == [["_entities", 4]]


async def test_a_type_that_can_not_be_read_fails_no_other(practice: Practice, caplog: pytest.LogCaptureFixture) -> None:
    references = [reference("Business", "1"), reference("Patient", str(practice.patients[0].id))] * 2
    result = await Client(practice, store=_Without(Business, practice.store)).send(ENTITIES, r=references)

    assert [each and each["__typename"] for each in result.data["_entities"]] == [None, "Patient"] * 2
    assert [(error.path, error.message) for error in result.errors or ()] == [
        (["_entities", place], "Internal error") for place in (0, 2)
    ]
    assert len(caplog.records) == 1


async def test_a_batch_has_an_end(client: Client) -> None:
    assert await client.codes(
        "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", r=[7] * 5_001
    ) == ["OPERATION_TOO_LARGE"]


async def test_a_key_may_be_a_number(client: Client, practice: Practice) -> None:
    data = await client.ask(ENTITIES, r=[reference("Business", practice.business.id)])

    assert data["_entities"][0]["name"] == "North"


async def test_a_batch_is_one_statement_for_each_type(
    counted: tuple[Client, CountingStore], practice: Practice
) -> None:
    client, store = counted
    known = [
        reference("Patient", str(practice.patients[0].id)),
        reference("Business", str(practice.business.id)),
        reference("Practitioner", str(practice.practitioner.id)),
    ]
    strangers = [reference(name, str(n)) for n in range(1, 100) for name in ("Patient", "Business", "Practitioner")]
    data = await client.ask(ENTITIES, r=[*known, *strangers])

    assert [bool(each) for each in data["_entities"]] == [True] * 3 + [False] * 297
    assert store.statements == 3


async def test_the_service_tells_the_schema_that_clients_read(client: Client) -> None:
    told = (await client.ask("{ _service { sdl } }"))["_service"]["sdl"]

    assert told.rstrip() == sdl().rstrip()


async def test_the_schema_is_printed_once_however_often_it_is_asked_for(client: Client) -> None:
    federation._service_of.cache_clear()
    await client.ask("{ _service { sdl } again: _service { sdl } }")

    assert federation._service_of.cache_info().misses == 1
