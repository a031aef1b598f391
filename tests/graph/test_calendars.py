"""Calendar feeds over GraphQL: made, shown once, listed and revoked."""

import pytest

from asking import Client
from builders import Practice
from gappt_graphql.practice import calendars
from gappt_graphql.scheduling.calendars import CalendarFeed
from samples import finding

FEED = "calendarFeed { id lastFour createdAt revokedAt practitioner { label } business { name } }"
LIST = """query ($filter: CalendarFeedFilter, $first: Int, $after: String) {
  calendarFeeds(filter: $filter, first: $first, after: $after) {
    nodes { id lastFour revokedAt } totalCount pageInfo { hasNextPage endCursor }
  }
}"""


async def made(client: Client, **whose: object) -> tuple[str, str]:
    """Make a feed, and return its id and its secret address."""
    payload = await client.do("createCalendarFeed", "calendarFeed { id } path", **whose)
    return payload["calendarFeed"]["id"], payload["path"]


async def test_a_feed_is_made_and_its_address_shown(client: Client, practice: Practice) -> None:
    payload = await client.do("createCalendarFeed", f"{FEED} path", practitionerId=practice.practitioner.id)

    feed, path = payload["calendarFeed"], payload["path"]
    assert path.startswith(f"/calendars/practitioners/{practice.practitioner.id}.ics?token=gapptcal_")
    assert feed == {
        "id": feed["id"],
        "lastFour": path[-4:],
        "createdAt": "2026-03-02T08:00:00Z",
        "revokedAt": None,
        "practitioner": {"label": "Dr Robin Hale"},
        "business": None,
    }


async def test_the_secret_is_kept_as_a_digest_alone(client: Client, practice: Practice) -> None:
    id, path = await made(client, businessId=practice.business.id)

    feeds = await practice.store.read(practice.account.id, finding(CalendarFeed, [int(id)]))

    assert len(feeds[int(id)].digest) == 64
    opened = await calendars.opened_by(practice.store, path.partition("token=")[2])
    assert opened == (practice.account.id, feeds[int(id)])


async def test_two_feeds_of_one_calendar_have_secrets_of_their_own(client: Client, practice: Practice) -> None:
    first, second = [await made(client, businessId=practice.business.id) for _ in range(2)]

    assert first[1] != second[1]


async def test_a_retry_makes_no_other_feed_and_shows_no_secret(client: Client, practice: Practice) -> None:
    input = {"businessId": str(practice.business.id), "idempotencyKey": "k"}
    first, second = [await client.do("createCalendarFeed", "calendarFeed { id } path", **input) for _ in range(2)]

    assert first["path"]
    assert second == {"calendarFeed": first["calendarFeed"], "path": None, "userErrors": []}


async def test_what_calendar_is_meant_has_to_be_said(client: Client, practice: Practice) -> None:
    both = {"practitionerId": practice.practitioner.id, "businessId": practice.business.id}

    assert await client.refused("createCalendarFeed") == [("REQUIRED", "practitionerId")]
    assert await client.refused("createCalendarFeed", practitionerId=None) == [("REQUIRED", "practitionerId")]
    assert await client.refused("createCalendarFeed", **both) == [("INVALID", "practitionerId")]


async def test_no_feed_is_made_of_who_is_gone(client: Client, practice: Practice) -> None:
    await practice.revise(practice.practitioner, active=False)
    await practice.revise(practice.business, archived_at=practice.now)

    for field, id in (("practitionerId", practice.practitioner.id), ("businessId", practice.business.id)):
        assert await client.refused("createCalendarFeed", **{field: str(id)}) == [("ARCHIVED", field)]


async def test_a_refusal_shows_no_secret(client: Client) -> None:
    payload = await client.do("createCalendarFeed", "calendarFeed { id } path", businessId="1")

    assert (payload["calendarFeed"], payload["path"]) == (None, None)


async def test_a_feed_is_revoked_once(client: Client, practice: Practice) -> None:
    id, path = await made(client, businessId=practice.business.id)

    first = await client.do("revokeCalendarFeed", FEED, id=id)
    practice.now = practice.now.replace(hour=9)
    second = await client.do("revokeCalendarFeed", FEED, id=id)

    assert first["calendarFeed"]["revokedAt"] == "2026-03-02T08:00:00Z"
    assert second == first
    assert await calendars.opened_by(practice.store, path.partition("token=")[2]) is None


async def test_feeds_are_listed_oldest_first_and_revoked_ones_on_request(client: Client, practice: Practice) -> None:
    ids = [(await made(client, businessId=practice.business.id))[0] for _ in range(2)]
    ids.append((await made(client, practitionerId=practice.practitioner.id))[0])
    await client.do("revokeCalendarFeed", id=ids[0])

    async def listed(**filter: object) -> list[str]:
        found = (await client.ask(LIST, filter=filter))["calendarFeeds"]
        assert found["totalCount"] == len(found["nodes"])
        return [node["id"] for node in found["nodes"]]

    assert await listed() == ids[1:]
    assert await listed(revoked="INCLUDE") == ids
    assert await listed(revoked="ONLY") == ids[:1]
    assert await listed(businessIds=[practice.business.id]) == ids[1:2]
    assert await listed(practitionerIds=[practice.practitioner.id], revoked="INCLUDE") == ids[2:]
    assert await listed(practitionerIds=[]) == []


async def test_feeds_come_in_pages(client: Client, practice: Practice) -> None:
    ids = [(await made(client, businessId=practice.business.id))[0] for _ in range(3)]

    first = (await client.ask(LIST, first=2))["calendarFeeds"]
    rest = (await client.ask(LIST, first=2, after=first["pageInfo"]["endCursor"]))["calendarFeeds"]

    assert [node["id"] for page in (first, rest) for node in page["nodes"]] == ids
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


async def test_another_accounts_feeds_do_not_exist(
    client: Client, other_client: Client, practice: Practice, other_practice: Practice
) -> None:
    id, _ = await made(other_client, businessId=other_practice.business.id)

    assert (await client.ask(LIST))["calendarFeeds"]["nodes"] == []
    assert await client.refused("revokeCalendarFeed", id=id) == [("NOT_FOUND", "id")]
    theirs = {"practitionerId": other_practice.practitioner.id, "businessId": other_practice.business.id}
    for field, other in theirs.items():
        assert await client.refused("createCalendarFeed", **{field: str(other)}) == [("NOT_FOUND", field)]
    assert (await other_client.ask(LIST))["calendarFeeds"]["totalCount"] == 1


@pytest.mark.parametrize("mutation", ["createCalendarFeed", "revokeCalendarFeed"])
async def test_a_key_that_only_reads_manages_no_feeds(practice: Practice, mutation: str) -> None:
    client = Client(practice, scopes=frozenset({"read"}))
    type_name = mutation[0].upper() + mutation[1:] + "Input"

    codes = await client.codes(
        f"mutation ($i: {type_name}!) {{ {mutation}(input: $i) {{ userErrors {{ code }} }} }}", i={"id": "1"}
    )

    assert codes == ["FORBIDDEN"]


async def test_who_made_and_revoked_a_feed_is_in_the_audit_without_its_digest(
    client: Client, practice: Practice
) -> None:
    id, path = await made(client, businessId=practice.business.id)
    await client.do("revokeCalendarFeed", id=id)

    rows = await practice.store.read(practice.account.id, lambda book: book.audit(after=0, limit=10))

    assert [(row.operation, row.record_kind, row.record_id) for row in rows] == [
        ("CreateCalendarFeed", "CalendarFeed", int(id)),
        ("RevokeCalendarFeed", "CalendarFeed", int(id)),
    ]
    assert f'"last_four":"{path[-4:]}"' in rows[0].after
    assert "digest" not in str(rows)
    assert (rows[1].before, "revoked_at" in rows[1].after) == ('{"revoked_at":null}', True)
