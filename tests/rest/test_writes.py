"""Creating, changing and archiving appointments in the reference's words."""

from typing import Any

import httpx2
import pytest

from builders import Practice

UNREADABLE: list[tuple[str, list[Any]]] = [
    ("starts_at", ["tomorrow", "2026-03-03T09:00:00", "2026-03-03", "2026-03-03 09:00:00Z", 5, True, [], {}]),
    ("ends_at", ["", "2026-03-03T24:00:00Z", 0, False]),
    ("max_attendees", ["8", 2.5, True, [8], {}]),
    ("notes", [1, False, ["x"], {}]),
    ("telehealth_url", [1, True, {}, "", "example.com", "ftp://example.com", "https://", "x" * 2001]),
    ("practitioner_id", [True, 1.0, [], {}]),
    ("business_id", [False, {"id": "1"}]),
    ("appointment_type_id", [["1"]]),
    ("repeat_rule", ["Weekly", 1, [], True]),
]

BAD_RULES: list[dict[str, Any]] = [
    {"repeat_type": "weekly", "number_of_repeats": 1},
    {"repeat_type": "WEEKLY", "number_of_repeats": 1},
    {"repeat_type": "Yearly", "number_of_repeats": 1},
    {"repeat_type": 1, "number_of_repeats": 1},
    {"repeat_type": None, "number_of_repeats": 1},
    {"number_of_repeats": 1},
    {"repeat_type": "Weekly"},
    {"repeat_type": "Weekly", "number_of_repeats": "2"},
    {"repeat_type": "Weekly", "number_of_repeats": 1.5},
    {"repeat_type": "Weekly", "number_of_repeats": 2, "repeating_interval": "1"},
    {"repeat_type": "Weekly", "number_of_repeats": 2, "repeating_interval": 0},
    {"repeat_type": "Weekly", "number_of_repeats": 2, "repeating_interval": 53},
    {"repeat_type": "Weekly", "number_of_repeats": -1},
    {"repeat_type": "Weekly", "number_of_repeats": 366},
]


def creation(practice: Practice, **fields: Any) -> dict[str, Any]:
    return {
        "starts_at": "2026-03-03T09:00:00+11:00",
        "practitioner_id": str(practice.practitioner.id),
        "business_id": str(practice.business.id),
        "appointment_type_id": str(practice.type.id),
    } | fields


async def total(client: httpx2.AsyncClient) -> int:
    answer = await client.get("/group_appointments")
    return int(answer.json()["total_entries"])


async def errors_of(answer: httpx2.Response) -> dict[str, str]:
    assert (answer.status_code, answer.json()["message"]) == (422, "Validation Failed")
    return dict(answer.json()["errors"])


# --- Create


async def test_a_new_appointment_is_answered_whole_with_its_address(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    made = await client.post("/group_appointments", json=creation(practice, notes="Bring a mat"))
    read = await client.get(made.headers["Location"])

    assert made.status_code == 201
    assert made.headers["Location"] == f"https://practice.example/v1/group_appointments/{made.json()['id']}"
    assert made.json() == read.json()
    assert made.json() | {"id": "", "links": {}, "attendees": {}, "conflicts": {}} == {
        "id": "",
        "links": {},
        "attendees": {},
        "conflicts": {},
        "starts_at": "2026-03-02T22:00:00Z",
        "ends_at": "2026-03-02T23:00:00Z",
        "max_attendees": 8,
        "notes": "Bring a mat",
        "telehealth_url": None,
        "patient_ids": [],
        "repeat_rule": {},
        "repeats": None,
        "appointment_type": {"links": {"self": f"https://practice.example/v1/appointment_types/{practice.type.id}"}},
        "business": {"links": {"self": f"https://practice.example/v1/businesses/{practice.business.id}"}},
        "practitioner": {"links": {"self": f"https://practice.example/v1/practitioners/{practice.practitioner.id}"}},
        "created_at": "2026-03-02T08:00:00Z",
        "updated_at": "2026-03-02T08:00:00Z",
        "archived_at": None,
        "deleted_at": None,
    }


async def test_unknown_and_read_only_fields_are_passed_over(client: httpx2.AsyncClient, practice: Practice) -> None:
    answer = await client.post(
        "/group_appointments",
        json=creation(
            practice,
            id="5",
            archived_at="2020-01-01T00:00:00Z",
            patient_ids=[str(practice.patients[0].id)],
            repeated_from_id="7",
            colour={"deep": [1]},
        ),
    )
    made = answer.json()

    assert answer.status_code == 201
    assert made["id"] != "5"
    assert (made["archived_at"], made["patient_ids"]) == (None, [])
    assert "repeated_from" not in made


async def test_ids_may_be_numbers_and_whole_numbers_may_end_in_a_zero_fraction(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    ids = {name: int(creation(practice)[name]) for name in ("practitioner_id", "business_id", "appointment_type_id")}

    answer = await client.post("/group_appointments", json=creation(practice, **ids, max_attendees=5.0))

    assert answer.status_code == 201
    assert answer.json()["max_attendees"] == 5


async def test_what_a_new_appointment_needs_is_told_all_at_once(client: httpx2.AsyncClient) -> None:
    empty = await client.post("/group_appointments", json={})
    nulls = await client.post(
        "/group_appointments",
        json=dict.fromkeys(["starts_at", "practitioner_id", "business_id", "appointment_type_id"]),
    )

    assert await errors_of(empty) == await errors_of(nulls)
    assert await errors_of(empty) == dict.fromkeys(
        ["starts_at", "practitioner_id", "business_id", "appointment_type_id"], "This can't be empty."
    )


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in UNREADABLE for value in values])
async def test_a_field_that_cannot_be_read_is_told_alone(
    client: httpx2.AsyncClient, practice: Practice, field: str, value: object
) -> None:
    group = await practice.group()

    created = await client.post("/group_appointments", json=creation(practice, **{field: value}))
    updated = await client.patch(f"/group_appointments/{group.id}", json={field: value})

    assert list(await errors_of(created)) == list(await errors_of(updated)) == [field]
    assert await practice.reload(group) == group
    assert await total(client) == 1


@pytest.mark.parametrize(
    "id", ["", "0", "-1", "abc", "01", " 1", "1.0", "0x1f", str(2**63), "9" * 5000, 0, -7, 2**63], ids=repr
)
async def test_an_id_that_is_none_is_one_that_does_not_exist(
    client: httpx2.AsyncClient, practice: Practice, id: object
) -> None:
    answer = await client.post("/group_appointments", json=creation(practice, business_id=id))

    assert await errors_of(answer) == {"business_id": "There is no such business."}


async def test_what_cannot_be_read_is_told_with_what_is_refused(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:3])
    bad = {"starts_at": "noon", "ends_at": "2020-01-01T00:00:00Z", "max_attendees": 101, "practitioner_id": "999"}

    created = await client.post("/group_appointments", json=creation(practice, **bad, notes=5))
    updated = await client.patch(f"/group_appointments/{group.id}", json=bad | {"notes": 5})

    assert await errors_of(created) == await errors_of(updated)
    assert await errors_of(created) == {
        "starts_at": "This takes a time as RFC 3339 has it, with seconds and an offset: 2026-03-02T22:00:00Z.",
        "notes": "This takes a text.",
        "max_attendees": "A group has 1 to 100 seats.",
        "practitioner_id": "There is no such practitioner.",
    }


async def test_ids_of_another_account_are_ids_that_do_not_exist(
    client: httpx2.AsyncClient, practice: Practice, other_practice: Practice
) -> None:
    others = creation(other_practice)
    unknown = creation(practice, practitioner_id="999", business_id="999", appointment_type_id="999")

    answers = [await client.post("/group_appointments", json=body) for body in (others, unknown)]

    assert await errors_of(answers[0]) == await errors_of(answers[1])


# --- Rules


@pytest.mark.parametrize("rule", BAD_RULES)
async def test_a_bad_rule_is_told_on_the_rule(
    client: httpx2.AsyncClient, practice: Practice, rule: dict[str, Any]
) -> None:
    answer = await client.post("/group_appointments", json=creation(practice, repeat_rule=rule))

    assert list(await errors_of(answer)) == ["repeat_rule"]
    assert await total(client) == 0


async def test_all_that_is_wrong_with_a_rule_is_one_sentence_after_the_other(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    rule = {"repeat_type": "weekly", "number_of_repeats": "2", "repeating_interval": 1.5}

    answer = await client.post("/group_appointments", json=creation(practice, repeat_rule=rule))

    assert await errors_of(answer) == {
        "repeat_rule": "repeat_type is Daily, Weekly or Monthly. repeating_interval takes a whole number."
        " number_of_repeats takes a whole number."
    }


@pytest.mark.parametrize(
    "rule",
    [None, {}, {"repeat_type": None, "number_of_repeats": None, "repeating_interval": None}, {"unknown": 1}],
)
async def test_no_rule_is_null_or_an_object_with_nothing_in_it(
    client: httpx2.AsyncClient, practice: Practice, rule: object
) -> None:
    answer = await client.post("/group_appointments", json=creation(practice, repeat_rule=rule))

    assert (answer.status_code, answer.json()["repeat_rule"], answer.json()["repeats"]) == (201, {}, None)


async def test_a_rule_makes_the_series_and_its_interval_is_one_unless_it_is_given(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    rule = {"repeat_type": "Weekly", "number_of_repeats": 2}
    made = (await client.post("/group_appointments", json=creation(practice, repeat_rule=rule))).json()
    repeats = (await client.get(made["repeats"]["links"]["self"])).json()["group_appointments"]

    assert made["repeat_rule"] == rule | {"repeating_interval": 1}
    assert [repeat["starts_at"] for repeat in repeats] == ["2026-03-09T22:00:00Z", "2026-03-16T22:00:00Z"]
    assert {repeat["repeated_from"]["links"]["self"] for repeat in repeats} == {made["links"]["self"]}


async def test_a_change_revises_and_repeats_at_once(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1])
    rule = {"repeat_type": "Daily", "number_of_repeats": 1, "repeating_interval": 3}

    answer = await client.patch(
        f"/group_appointments/{group.id}", json={"starts_at": "2026-03-04T01:00:00Z", "repeat_rule": rule}
    )
    [repeat] = (await client.get(answer.json()["repeats"]["links"]["self"])).json()["group_appointments"]

    assert answer.json()["repeat_rule"] == rule
    assert (answer.json()["starts_at"], repeat["starts_at"]) == ("2026-03-04T01:00:00Z", "2026-03-07T01:00:00Z")


async def test_what_one_has_read_can_be_sent_back(client: httpx2.AsyncClient, practice: Practice) -> None:
    rule = {"repeat_type": "Weekly", "number_of_repeats": 2, "repeating_interval": 1}
    alone = (await client.post("/group_appointments", json=creation(practice))).json()
    root = (await client.post("/group_appointments", json=creation(practice, repeat_rule=rule))).json()
    [repeat, _] = (await client.get(root["repeats"]["links"]["self"])).json()["group_appointments"]

    for record in (alone, root, repeat):
        practice.now = practice.now.replace(hour=10)
        answer = await client.put(f"/group_appointments/{record['id']}", json=record)
        assert (answer.status_code, answer.json()) == (200, record)


@pytest.mark.parametrize("rule", [None, {}])
async def test_no_rule_takes_no_repeats_away(client: httpx2.AsyncClient, practice: Practice, rule: object) -> None:
    repeat = {"repeat_type": "Weekly", "number_of_repeats": 2}
    made = (await client.post("/group_appointments", json=creation(practice, repeat_rule=repeat))).json()

    answer = await client.patch(f"/group_appointments/{made['id']}", json={"repeat_rule": rule})

    assert answer.json() == made
    assert await total(client) == 3


async def test_a_series_takes_no_other_rule(client: httpx2.AsyncClient, practice: Practice) -> None:
    repeat = {"repeat_type": "Weekly", "number_of_repeats": 2}
    made = (await client.post("/group_appointments", json=creation(practice, repeat_rule=repeat))).json()

    answer = await client.patch(
        f"/group_appointments/{made['id']}", json={"notes": "x", "repeat_rule": repeat | {"number_of_repeats": 3}}
    )

    assert await errors_of(answer) == {"repeat_rule": "The appointment has repeats already."}
    assert (await client.get(f"/group_appointments/{made['id']}")).json() == made


# --- Update


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_change_answers_the_whole_record_and_leaves_what_is_absent(
    client: httpx2.AsyncClient, practice: Practice, method: str
) -> None:
    group = await practice.group(minutes=90, notes="Old", patients=practice.patients[:2])
    before = (await client.get(f"/group_appointments/{group.id}")).json()
    practice.now = practice.now.replace(hour=10)

    answer = await client.request(method, f"/group_appointments/{group.id}", json={"max_attendees": 3})

    assert answer.status_code == 200
    assert answer.json() == before | {"max_attendees": 3, "updated_at": "2026-03-02T10:00:00Z"}


async def test_null_clears_notes_and_derives_the_end_again(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group(minutes=90, notes="Old")

    answer = await client.patch(f"/group_appointments/{group.id}", json={"notes": None, "ends_at": None})

    assert (answer.json()["notes"], answer.json()["ends_at"]) == (None, "2026-03-02T23:00:00Z")


@pytest.mark.parametrize("id", ["999", "0", "-1", "abc", "1.0", "0x1", "%201", str(2**63), "9" * 400])
async def test_an_address_with_nothing_there_is_404_for_every_write(client: httpx2.AsyncClient, id: str) -> None:
    body = {"notes": "x", "cancellation_reason": 30}
    answers = [
        await client.patch(f"/group_appointments/{id}", json=body),
        await client.put(f"/group_appointments/{id}", json=body | {"notes": 5}),
        await client.delete(f"/group_appointments/{id}"),
        await client.post(f"/group_appointments/{id}/archive"),
        await client.patch(f"/attendees/{id}", json=body),
        await client.patch(f"/attendees/{id}", json={"arrived": "yes"}),
        await client.patch(f"/attendees/{id}/cancel", json=body),
        await client.patch(f"/attendees/{id}/cancel", json={}),
        await client.post(f"/attendees/{id}/archive"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.text for answer in answers} == {'{"message":"There is nothing at this address."}'}


async def test_another_accounts_appointment_is_404_and_stays_as_it_is(
    client: httpx2.AsyncClient, other_practice: Practice
) -> None:
    group = await other_practice.group()
    path = f"/group_appointments/{group.id}"

    answers = [
        await client.patch(path, json={"notes": "x"}),
        await client.post(f"{path}/archive"),
        await client.delete(path),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert await other_practice.reload(group) == group


async def test_an_archived_appointment_cannot_be_changed(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group(archived_at=practice.now)

    answers = [
        await client.patch(f"/group_appointments/{group.id}", json={"notes": "x"}),
        await client.put(f"/group_appointments/{group.id}", json={"notes": 5}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


# --- Archive


async def test_an_archived_appointment_is_gone_from_lists_and_its_address(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    group = await practice.group()

    answer = await client.post(f"/group_appointments/{group.id}/archive")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(f"/group_appointments/{group.id}")).status_code == 404
    assert await total(client) == 0


async def test_delete_archives_and_says_that_it_is_deprecated(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group()

    answer = await client.delete(f"/group_appointments/{group.id}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Deprecation"] == "true"
    archive = f"https://practice.example/v1/group_appointments/{group.id}/archive"
    assert answer.headers["Link"] == f'<{archive}>; rel="successor-version"'
    assert (await practice.reload(group)).archived_at == practice.now


async def test_archiving_twice_keeps_the_first_time(client: httpx2.AsyncClient, practice: Practice) -> None:
    group = await practice.group()
    await client.delete(f"/group_appointments/{group.id}")
    first, practice.now = practice.now, practice.now.replace(hour=10)

    assert (await client.post(f"/group_appointments/{group.id}/archive")).status_code == 204
    assert (await practice.reload(group)).archived_at == first


# --- Texts


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "a\x85b", "x" * 10_001])
@pytest.mark.parametrize("field", ["notes", "telehealth_url"])
async def test_a_text_that_can_not_be_kept_is_refused_on_its_field(
    client: httpx2.AsyncClient, practice: Practice, field: str, text: str
) -> None:
    group = await practice.group()
    fields = creation(practice, **{field: text})

    assert list(await errors_of(await client.post("/group_appointments", json=fields))) == [field]
    assert list(await errors_of(await client.patch(f"/group_appointments/{group.id}", json={field: text}))) == [field]


async def test_a_text_is_kept_composed(client: httpx2.AsyncClient, practice: Practice) -> None:
    made = await client.post("/group_appointments", json=creation(practice, notes="Rene\u0301"))

    assert made.json()["notes"] == "Ren\u00e9"
