"""The OpenAPI description says what the addresses are, and what they answer."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from builders import A_MONDAY, Practice
from described import DESCRIPTION, Described
from gappt_graphql.rest.routes import routes

DESCRIBED = Described()
OPERATIONS = list(DESCRIBED.operations())
IDS = [f"{method} {path}" for method, path, _ in OPERATIONS]

Client = httpx2.AsyncClient


async def test_the_description_is_served_without_a_key(stranger: Client) -> None:
    answer = await stranger.get("/openapi.yaml")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/yaml")
    assert answer.content == DESCRIPTION.read_bytes()


async def test_the_description_takes_no_other_method(stranger: Client) -> None:
    answer = await stranger.post("/openapi.yaml")

    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})


def test_every_address_is_described_and_every_description_is_of_an_address() -> None:
    async def nobody(request: Any) -> Any: ...

    assert {route.path for route in routes(nobody)} == set(DESCRIBED.document["paths"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", DESCRIBED.document["paths"])
async def test_every_method_is_described_and_every_description_is_of_a_method(stranger: Client, path: str) -> None:
    answer = await stranger.options(path.replace("{id}", "1"))

    taken = set(answer.headers["allow"].split(", ")) - {"HEAD", "OPTIONS"}
    assert taken == {method.upper() for method in DESCRIBED.document["paths"][path]}


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_operation_describes_its_parameters(method: str, path: str, operation: Any) -> None:
    parameters = [DESCRIBED.follow(each) for each in operation.get("parameters", ())]
    named = {each["name"] for each in parameters}

    expected = set(re.findall(r"\{(\w+)\}", path))
    if method in ("post", "put", "patch", "delete"):
        expected |= {"Idempotency-Key"}
    elif operation["operationId"].startswith("list"):
        expected |= {"q[]", "q", "sort", "sort[]", "order", "page", "per_page"}
    assert expected <= named
    assert all("example" in each for each in parameters)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_operation_describes_what_it_refuses(method: str, path: str, operation: Any) -> None:
    expected = set() if path == "/openapi.yaml" else {"401", "403", "429", "500"}
    if "{id}" in path:
        expected |= {"404"}
    if method != "get":
        expected |= {"422"}
    if "requestBody" in operation:
        expected |= {"400", "413", "415"}

    assert expected <= set(operation["responses"])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_example_is_as_its_schema_says(method: str, path: str, operation: Any) -> None:
    described = [operation.get("requestBody", {}), *map(DESCRIBED.follow, operation["responses"].values())]
    kinds = [kind for each in described for name, kind in each.get("content", {}).items() if name.endswith("json")]

    for kind in kinds:
        examples = [DESCRIBED.follow(each)["value"] for each in kind.get("examples", {}).values()]
        examples += [kind["example"]] if "example" in kind else []
        assert examples
        assert [DESCRIBED.mismatches(example, kind["schema"]) for example in examples] == [[]] * len(examples)


def test_only_deleting_and_order_are_deprecated() -> None:
    operations = [operation["operationId"] for _, _, operation in OPERATIONS if operation.get("deprecated")]
    parameters = DESCRIBED.document["components"]["parameters"].values()

    assert operations == ["deleteGroupAppointment"]
    assert [each["name"] for each in parameters if each.get("deprecated")] == ["order"]


def test_everything_but_the_description_needs_a_key_as_basic_or_bearer() -> None:
    assert DESCRIBED.document["security"] == [{"basicAuth": []}, {"bearerAuth": []}]
    assert [path for _, path, operation in OPERATIONS if "security" in operation] == ["/openapi.yaml"]


def test_nothing_is_described_that_nothing_uses() -> None:
    text = DESCRIPTION.read_text()
    components = DESCRIBED.document["components"]
    names = [(part, name) for part in components if part != "securitySchemes" for name in components[part]]

    assert [(part, name) for part, name in names if f'"#/components/{part}/{name}"' not in text] == []


def test_a_wrong_answer_is_not_as_the_description_says() -> None:
    request = httpx2.Request("GET", "https://practice.example/v1/group_appointments/1/conflicts")
    right = httpx2.Response(200, json={"conflicts": {"exist": True}}, headers={"X-Request-Id": "a"}, request=request)
    without_header = httpx2.Response(200, json={"conflicts": {"exist": True}}, request=request)
    another_type = httpx2.Response(
        200, json={"conflicts": {"exist": 1, "items": []}}, headers={"X-Request-Id": "a"}, request=request
    )
    another_status = httpx2.Response(418, json={}, request=request)

    assert DESCRIBED.faults(right) == []
    assert DESCRIBED.faults(without_header) == ["no header X-Request-Id"]
    assert DESCRIBED.faults(another_type) == [
        "$.conflicts.exist: 1 is no boolean",
        "$.conflicts.items is not described",
    ]
    assert DESCRIBED.faults(another_status) == ["get /v1/group_appointments/1/conflicts may not answer 418"]


async def test_every_operation_answers_as_described(client: Client, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:2], notes="Room 2")
    other = await practice.group(A_MONDAY + timedelta(days=1))
    attendee, leaving = (await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id])))[
        group.id
    ]
    new = {
        "starts_at": "2026-03-05T22:00:00.5Z",
        "practitioner_id": str(practice.practitioner.id),
        "business_id": str(practice.business.id),
        "appointment_type_id": str(practice.type.id),
        "repeat_rule": {"number_of_repeats": 2, "repeat_type": "Weekly"},
        "telehealth_url": "https://meet.example/a",
    }
    place = {"booking_id": str(group.id), "patient_id": str(practice.patients[2].id)}
    own = f"/group_appointments/{group.id}"

    answers = [
        await client.post("/group_appointments", json=new),
        await client.get("/group_appointments"),
        await client.get(own),
        await client.patch(own, json={"max_attendees": 9}),
        await client.put(own, json={"notes": None}),
        await client.get(f"{own}/conflicts"),
        await client.get(f"{own}/attendees"),
        await client.post("/attendees", json=place),
        await client.patch(f"/attendees/{attendee.id}", json={"arrived": True}),
        await client.patch(f"/attendees/{leaving.id}/cancel", json={"cancellation_reason": 31}),
        await client.get("/attendees", params={"q[]": "cancelled_at:*"}),
        await client.get(f"/attendees/{leaving.id}"),
        await client.post(f"/attendees/{leaving.id}/archive"),
        await client.post(f"{own}/archive"),
        await client.delete(f"/group_appointments/{other.id}"),
        await client.get("/group_appointments", params={"q[]": "archived_at:?"}),
        await client.get("/appointment_types"),
        await client.get(f"/appointment_types/{practice.type.id}"),
        await client.get("/businesses"),
        await client.get(f"/businesses/{practice.business.id}"),
        await client.get("/practitioners"),
        await client.get(f"/practitioners/{practice.practitioner.id}"),
        await client.get("/patients"),
        await client.get(f"/patients/{practice.patients[0].id}"),
        await client.get("/openapi.yaml"),
    ]

    assert [fault for answer in answers for fault in DESCRIBED.faults(answer)] == []
    assert all(answer.is_success for answer in answers), [(a.request.url, a.text) for a in answers if not a.is_success]
    asked = {(answer.request.method.lower(), _template(answer)) for answer in answers}
    assert asked == {(method, path) for method, path, _ in OPERATIONS}


async def test_a_repeat_and_its_root_are_as_described(client: Client, practice: Practice) -> None:
    new = {
        "starts_at": "2026-03-05T22:00:00Z",
        "practitioner_id": str(practice.practitioner.id),
        "business_id": str(practice.business.id),
        "appointment_type_id": str(practice.type.id),
        "repeat_rule": {"number_of_repeats": 1, "repeat_type": "Monthly", "repeating_interval": 2},
    }
    root = (await client.post("/group_appointments", json=new)).json()
    answer = await client.get("/group_appointments")

    shown = answer.json()["group_appointments"]
    assert DESCRIBED.faults(answer) == []
    assert ["repeated_from" in each for each in shown] == [each["id"] != root["id"] for each in shown]
    assert len(shown) == 2


JSON = {"Content-Type": "application/json"}
REFUSALS: list[tuple[int, str, str, dict[str, Any]]] = [
    (400, "GET", "/group_appointments?q[]=starts_at:=x", {}),
    (400, "GET", "/group_appointments/1?q[]=id:=1", {}),
    (400, "GET", "/practitioners/1?q[]=id:=1", {}),
    (400, "GET", "/attendees?per_page=101", {}),
    (400, "POST", "/group_appointments", {"content": "[", "headers": JSON}),
    (404, "GET", "/group_appointments/9", {}),
    (404, "HEAD", "/group_appointments/9", {}),
    (404, "GET", "/group_appointments/x/conflicts", {}),
    (404, "PATCH", "/group_appointments/9", {"json": {}}),
    (404, "PUT", "/group_appointments/9", {"json": {}}),
    (404, "DELETE", "/group_appointments/9", {}),
    (404, "POST", "/group_appointments/9/archive", {}),
    (404, "PATCH", "/attendees/9", {"json": {}}),
    (404, "POST", "/attendees/9/archive", {}),
    (404, "PATCH", "/attendees/9/cancel", {"json": {"cancellation_reason": 10}}),
    (404, "GET", "/patients/9", {}),
    (413, "POST", "/attendees", {"content": 200_000 * " ", "headers": JSON}),
    (415, "POST", "/attendees", {"content": "{}"}),
    (422, "POST", "/group_appointments", {"json": {}}),
    (422, "POST", "/attendees", {"json": {"patient_id": "1"}}),
]


@pytest.mark.parametrize(("status", "method", "path", "how"), REFUSALS, ids=lambda part: str(part)[:40])
async def test_every_refusal_is_as_described(
    client: Client, status: int, method: str, path: str, how: dict[str, Any]
) -> None:
    answer = await client.request(method, path, **how)

    assert (answer.status_code, DESCRIBED.faults(answer)) == (status, [])


async def test_the_refusal_of_an_idempotency_key_is_as_described(client: Client, practice: Practice) -> None:
    group = await practice.group()

    answer = await client.post(f"/group_appointments/{group.id}/archive", headers={"Idempotency-Key": "k" * 256})

    assert (answer.status_code, DESCRIBED.faults(answer)) == (422, [])


async def test_no_key_too_little_of_a_key_and_too_much_asking_are_as_described(
    stranger: Client, reader: Client, client_of: Callable[..., Client], practice: Practice, secret: str
) -> None:
    async with client_of(practice, secret, rate_limit=1) as hasty:
        await hasty.get("/patients")
        answers = [
            await stranger.get("/patients"),
            await reader.post("/group_appointments", json={}),
            await hasty.get("/patients"),
        ]

    assert [answer.status_code for answer in answers] == [401, 403, 429]
    assert [DESCRIBED.faults(answer) for answer in answers] == [[], [], []]


def _template(answer: httpx2.Response) -> str:
    return re.sub(r"/\d+", "/{id}", answer.request.url.path.removeprefix("/v1"))
