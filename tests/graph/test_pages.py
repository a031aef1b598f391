"""Connections: pages both ways that lose and repeat nothing, and arguments that make no sense."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asking import Client
from builders import A_MONDAY, Practice
from gappt_graphql.graph.cursors import Cursors
from gappt_graphql.scheduling.asking import Order
from gappt_graphql.scheduling.directory import Practitioner

LIST = """
    query ($first: Int, $after: String, $last: Int, $before: String, $order: [GroupAppointmentOrder!]) {
      list: groupAppointments(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
        nodes { id } edges { cursor node { id } } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
"""


@pytest.fixture
async def seven(practice: Practice) -> list[str]:
    """Seven appointments, two and two of them at the same time, in order."""
    groups = [await practice.group(A_MONDAY + timedelta(days=n // 2)) for n in range(7)]
    return [str(group.id) for group in groups]


def ids(connection: Any) -> list[str]:
    return [node["id"] for node in connection["nodes"]]


async def test_pages_forward_give_each_record_once(client: Client, seven: list[str]) -> None:
    found, after = [], None
    while True:
        page = (await client.ask(LIST, first=2, after=after))["list"]
        found += ids(page)
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert page["totalCount"] == 7
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert found == seven


async def test_pages_backward_give_each_record_once(client: Client, seven: list[str]) -> None:
    found: list[str] = []
    before = None
    while True:
        page = (await client.ask(LIST, last=3, before=before))["list"]
        found = ids(page) + found
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]

    assert found == seven


async def test_pages_go_on_where_they_were_while_records_come_in(
    client: Client, practice: Practice, seven: list[str]
) -> None:
    first = (await client.ask(LIST, first=3))["list"]
    await practice.group(A_MONDAY - timedelta(days=1))
    await practice.group(A_MONDAY)
    rest = (await client.ask(LIST, first=100, after=first["pageInfo"]["endCursor"]))["list"]

    assert ids(first) + [id for id in ids(rest) if id in seven] == seven


@pytest.mark.parametrize(
    "order",
    [
        [{"field": "STARTS_AT", "descending": True}],
        [{"field": "CREATED_AT"}, {"field": "STARTS_AT", "descending": True}],
        [{"field": "ID"}],
        [{"field": "UPDATED_AT", "descending": True}, {"field": "ID"}, {"field": "ENDS_AT"}],
        [],
    ],
)
async def test_every_order_can_be_paged(client: Client, seven: list[str], order: list[dict[str, Any]]) -> None:
    whole = (await client.ask(LIST, first=100, order=order))["list"]
    found, after = [], None
    for _ in seven:
        page = (await client.ask(LIST, first=1, after=after, order=order))["list"]
        found += ids(page)
        after = page["edges"][0]["cursor"]

    assert found == ids(whole)
    assert sorted(found) == sorted(seven)


async def test_a_page_of_none_tells_whether_there_are_any(client: Client, practice: Practice) -> None:
    assert (await client.ask(LIST, first=0))["list"]["pageInfo"]["hasNextPage"] is False
    await practice.group()
    page = (await client.ask(LIST, first=0))["list"]

    assert page["nodes"] == []
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


async def test_a_page_holds_twenty_unless_told(client: Client, practice: Practice) -> None:
    for n in range(21):
        await practice.group(A_MONDAY + timedelta(hours=n))

    assert len((await client.ask(LIST))["list"]["nodes"]) == 20


@pytest.mark.parametrize(
    "arguments",
    [{"first": -1}, {"first": 101}, {"last": -1}, {"last": 101}, {"first": 1, "last": 1}, {"first": 2**31}],
)
async def test_sizes_that_make_no_sense_are_refused(client: Client, arguments: dict[str, int]) -> None:
    assert await client.codes(LIST, **arguments) == ["BAD_USER_INPUT"]


def altered(cursor: str, **changes: Any) -> str:
    place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for index, value in changes.items():
        place[int(index[1:])] = value
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"_0": 2},
        {"_1": "patients"},
        {"_2": 1},
        {"_3": "-starts_at"},
        {"_4": []},
        {"_4": ["x", 1]},
        {"_4": [1, "x"]},
        {"_4": [1, 0]},
        {"_4": [1, 2**63]},
        {"_4": [2**62, 1]},
        {"_4": [-(2**62), 1]},
        {"_4": [10**400, 1]},
        {"_4": [1, 1, 1]},
        {"_4": None},
    ],
)
async def test_a_cursor_that_was_tampered_with_is_refused(
    client: Client, seven: list[str], changes: dict[str, Any]
) -> None:
    cursor = (await client.ask(LIST, first=1))["list"]["pageInfo"]["endCursor"]
    assert await client.codes(LIST, after=altered(cursor)) == []

    assert await client.codes(LIST, after=altered(cursor, **changes)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("cursor", ["", "!", "W10", "bnVsbA", "é", "W1tbW1tbW1tb" * 300, "\x00"])
async def test_what_is_no_cursor_is_refused(client: Client, cursor: str) -> None:
    assert await client.codes(LIST, after=cursor) == ["BAD_USER_INPUT"]
    assert await client.codes(LIST, before=cursor) == ["BAD_USER_INPUT"]


async def test_a_cursor_works_in_its_own_list_and_order_only(client: Client, seven: list[str]) -> None:
    cursor = (await client.ask(LIST, first=1))["list"]["pageInfo"]["endCursor"]
    nested = "query ($c: String) { practitioners { nodes { groupAppointments(after: $c) { nodes { id } } } } }"

    assert await client.codes(LIST, after=cursor, order=[{"field": "ENDS_AT"}]) == ["BAD_USER_INPUT"]
    assert await client.codes(nested, c=cursor) == ["BAD_USER_INPUT"]


async def test_a_cursor_of_another_account_is_refused(client: Client, other_client: Client, seven: list[str]) -> None:
    cursor = (await client.ask(LIST, first=1))["list"]["pageInfo"]["endCursor"]

    assert await other_client.codes(LIST, after=cursor) == ["BAD_USER_INPUT"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_cursor_is_read_as_it_was_written(practice: Practice, data: st.DataObject) -> None:
    group = practice.new_group(data.draw(st.datetimes()).replace(tzinfo=A_MONDAY.tzinfo), minutes=0)
    fields = data.draw(st.permutations(["starts_at", "ends_at", "created_at", "updated_at"]))
    cursors = Cursors("list", practice.account.id, tuple(Order(field, data.draw(st.booleans())) for field in fields))

    assert cursors.read(cursors.write(group)) == (*(getattr(group, field) for field in fields), group.id)


DIRECTORY = ["practitioners", "patients", "businesses", "appointmentTypes", "unavailableBlocks"]


@pytest.mark.parametrize("name", DIRECTORY)
async def test_the_directory_is_paged_too(client: Client, practice: Practice, name: str) -> None:
    kinds = {"practitioners": practice.practitioner, "businesses": practice.business, "appointmentTypes": practice.type}
    if name in kinds:
        record = kinds[name]
        fields = {key: getattr(record, key) for key in record.__struct_fields__ if key != "id"}
        await practice.save(practice.new(type(record), **fields))
    await practice.save(practice.new_block(A_MONDAY), practice.new_block(A_MONDAY))
    query = f"""query ($first: Int, $after: String) {{
        list: {name}(first: $first, after: $after) {{ nodes {{ id }} totalCount pageInfo {{ endCursor hasNextPage }} }}
    }}"""
    whole = (await client.ask(query, first=100))["list"]
    first = (await client.ask(query, first=1))["list"]
    rest = (await client.ask(query, first=100, after=first["pageInfo"]["endCursor"]))["list"]

    assert whole["totalCount"] == len(whole["nodes"]) >= 2
    assert first["pageInfo"]["hasNextPage"] is True
    assert ids(first) + ids(rest) == ids(whole)


async def test_people_are_listed_by_last_name(client: Client, practice: Practice) -> None:
    await practice.save(
        practice.new(Practitioner, first_name="Zoe", last_name="Li"),
        practice.new(Practitioner, first_name="Ada", last_name="Lin"),
        practice.new(Practitioner, first_name="Ada", last_name="adams"),
    )
    data = await client.ask("{ practitioners { nodes { label } } }")

    assert [node["label"] for node in data["practitioners"]["nodes"]] == [
        "Ada adams",
        "Dr Robin Hale",
        "Zoe Li",
        "Ada Lin",
    ]


async def test_nested_lists_are_paged_for_each_parent(client: Client, practice: Practice) -> None:
    one, two = practice.patients[:2]
    groups = [await practice.group(A_MONDAY + timedelta(days=n), patients=[one, two][: n % 2 + 1]) for n in range(4)]
    query = """query ($after: String) { patients(filter: {search: "Patient 1 "}) { nodes {
        groupAppointments(first: 2, after: $after) {
            nodes { id } totalCount pageInfo { hasNextPage endCursor } } } } }"""
    first = (await client.ask(query))["patients"]["nodes"][0]["groupAppointments"]
    second = await client.ask(query, after=first["pageInfo"]["endCursor"])

    assert ids(first) == [str(group.id) for group in groups[:2]]
    assert first["totalCount"] == 4
    assert ids(second["patients"]["nodes"][0]["groupAppointments"]) == [str(group.id) for group in groups[2:]]
