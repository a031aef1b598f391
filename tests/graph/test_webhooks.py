"""Webhooks over GraphQL: made, changed, deleted, tried and replayed, by keys that may write."""

import re

import pytest
from msgspec.structs import replace

from asking import Client
from gappt_graphql.scheduling.webhooks import DeliveryState, WebhookDelivery

URL = "https://receiver.example/hook?key=abc"
ALL = "{ webhooks { totalCount nodes { id url kinds practitionerIds businessIds state waiting failingSince } } }"


async def create(client, **fields):
    return await client.do("createWebhook", "webhook { id url state } secret", url=URL, **fields)


async def test_a_webhook_is_made_with_a_secret_that_is_shown_once(client, practice):
    made = await create(client, kinds=["CREATED"], practitionerIds=[str(practice.practitioner.id)])

    assert made["userErrors"] == []
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    assert (await client.ask(ALL))["webhooks"] == {
        "totalCount": 1,
        "nodes": [
            {
                "id": made["webhook"]["id"],
                "url": URL,
                "kinds": ["CREATED"],
                "practitionerIds": [str(practice.practitioner.id)],
                "businessIds": [],
                "state": "ACTIVE",
                "waiting": 0,
                "failingSince": None,
            }
        ],
    }


async def test_a_retry_makes_no_other_webhook_and_shows_no_secret(client):
    first = await create(client, idempotencyKey="k")
    again = await create(client, idempotencyKey="k")

    assert again["webhook"] == first["webhook"]
    assert (again["secret"], len((await client.ask(ALL))["webhooks"]["nodes"])) == (None, 1)


async def test_no_secret_is_in_the_audit_or_in_what_a_retry_is_known_by(client, practice, past):
    made = await create(client, idempotencyKey="k")
    rotated = await client.do("rotateWebhookSecret", "secret", id=made["webhook"]["id"])

    kept = str(past.rows("SELECT before, after FROM audit") + past.rows("SELECT outcome FROM idempotency_keys"))
    assert URL in kept
    assert made["secret"] not in kept
    assert rotated["secret"] not in kept


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"url": "http://receiver.example"}, ("INVALID", "url")),
        ({"url": "https://127.0.0.1"}, ("INVALID", "url")),
        ({"url": "https://me:you@receiver.example"}, ("INVALID", "url")),
        ({"url": ""}, ("INVALID", "url")),
        ({"practitionerIds": ["7"]}, ("NOT_FOUND", "practitionerIds")),
        ({"businessIds": ["x"]}, ("NOT_FOUND", "businessIds")),
        ({"businessIds": ["1"] * 101}, ("OUT_OF_RANGE", "businessIds")),
    ],
)
async def test_what_can_not_be_is_refused_on_its_field(client, fields, problem):
    assert await client.refused("createWebhook", **({"url": URL} | fields)) == [problem]


async def test_a_webhook_is_changed_field_by_field(client):
    made = (await create(client, kinds=["CREATED"]))["webhook"]

    async def update(**fields):
        selection = "webhook { url kinds state }"
        return (await client.do("updateWebhook", selection, id=made["id"], **fields))["webhook"]

    assert await update(state="PAUSED") == {"url": URL, "kinds": ["CREATED"], "state": "PAUSED"}
    assert await update(url=f"{URL}2", kinds=None) == {"url": f"{URL}2", "kinds": [], "state": "PAUSED"}
    assert await update(state="ACTIVE") == {"url": f"{URL}2", "kinds": [], "state": "ACTIVE"}
    assert await client.refused("updateWebhook", id=made["id"], url=None, state=None) == [
        ("REQUIRED", "url"),
        ("REQUIRED", "state"),
    ]
    assert await client.refused("updateWebhook", id=made["id"], state="DISABLED") == [("INVALID", "state")]


async def test_a_deleted_webhook_is_not_there(client):
    made = (await create(client))["webhook"]

    deleted = await client.do("deleteWebhook", "deletedWebhookId", id=made["id"])

    assert deleted["deletedWebhookId"] == made["id"]
    assert (await client.ask(ALL))["webhooks"]["nodes"] == []
    assert await client.ask("query ($id: ID!) { webhook(id: $id) { id } }", id=made["id"]) == {"webhook": None}
    assert await client.refused("deleteWebhook", id=made["id"]) == [("NOT_FOUND", "id")]


async def test_an_account_has_few_webhooks(client):
    for _ in range(20):
        await create(client)

    assert await client.refused("createWebhook", url=URL) == [("OUT_OF_RANGE", "")]


async def test_keys_that_may_only_read_see_no_webhooks(practice):
    reader = Client(practice, scopes=frozenset({"read"}))

    assert await reader.codes(ALL) == ["FORBIDDEN"]
    assert await reader.codes('{ webhook(id: "1") { url } }') == ["FORBIDDEN"]
    assert await reader.codes('mutation { sendTestWebhook(input: { id: "1" }) { deliveryId } }') == ["FORBIDDEN"]


MUTATIONS = ["updateWebhook", "deleteWebhook", "rotateWebhookSecret", "sendTestWebhook", "replayWebhookDeliveries"]


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_webhooks_of_other_accounts_are_not_there(client, other_client, mutation):
    theirs = (await create(other_client))["webhook"]

    assert await client.refused(mutation, id=theirs["id"]) == [("NOT_FOUND", "id")]
    assert await client.ask("query ($id: ID!) { webhook(id: $id) { id } }", id=theirs["id"]) == {"webhook": None}
    assert (await client.ask(ALL))["webhooks"]["totalCount"] == 0


async def delivery(practice, webhook, **fields):
    told = practice.new(
        WebhookDelivery,
        webhook_id=int(webhook["id"]),
        number=1,
        kind="UPDATED",
        group_appointment_id=64,
        at=practice.now,
        **({"attempts": 11, "state": DeliveryState.DEAD, "status": 500} | fields),
    )
    await practice.save(told)
    return told


DELIVERIES = """query ($id: ID!, $state: WebhookDeliveryState) {
  webhook(id: $id) { waiting deliveries(state: $state) { totalCount nodes { id state attempts status failure dueAt } } }
}"""


async def test_dead_deliveries_are_seen_and_replayed(client, practice):
    webhook = (await create(client))["webhook"]
    dead = await delivery(practice, webhook)
    await delivery(practice, webhook, state=DeliveryState.DELIVERED)

    seen = (await client.ask(DELIVERIES, id=webhook["id"], state="DEAD"))["webhook"]["deliveries"]
    assert (seen["totalCount"], seen["nodes"][0]["id"], seen["nodes"][0]["status"]) == (1, str(dead.id), 500)
    replayed = await client.do("replayWebhookDeliveries", "queuedCount webhook { waiting }", id=webhook["id"])
    assert (replayed["queuedCount"], replayed["webhook"]["waiting"]) == (1, 1)
    [waiting] = (await client.ask(DELIVERIES, id=webhook["id"], state="WAITING"))["webhook"]["deliveries"]["nodes"]
    assert (waiting["attempts"], waiting["status"], waiting["dueAt"]) == (0, None, "2026-03-02T08:00:00Z")


async def test_deliveries_are_replayed_by_id_and_those_of_another_webhook_are_not(client, practice):
    webhook, other = (await create(client))["webhook"], (await create(client))["webhook"]
    mine, others = await delivery(practice, webhook), await delivery(practice, other)

    replayed = await client.do("replayWebhookDeliveries", "queuedCount", id=webhook["id"], deliveryIds=[str(mine.id)])
    assert replayed["queuedCount"] == 1
    for ids in ([str(others.id)], ["x"], [str(mine.id), str(others.id)]):
        assert await client.refused("replayWebhookDeliveries", id=webhook["id"], deliveryIds=ids) == [
            ("NOT_FOUND", "deliveryIds")
        ]
    too_many = ["1"] * 101
    assert await client.refused("replayWebhookDeliveries", id=webhook["id"], deliveryIds=too_many) == [
        ("OUT_OF_RANGE", "deliveryIds")
    ]


async def test_nothing_is_sent_to_a_webhook_that_is_paused(client):
    webhook = (await create(client))["webhook"]
    await client.do("updateWebhook", id=webhook["id"], state="PAUSED")

    assert await client.refused("sendTestWebhook", id=webhook["id"]) == [("INVALID", "id")]
    assert await client.refused("replayWebhookDeliveries", id=webhook["id"]) == [("INVALID", "id")]


async def test_a_test_waits_to_be_sent(client):
    webhook = (await create(client))["webhook"]

    test = await client.do("sendTestWebhook", "deliveryId webhook { waiting }", id=webhook["id"])

    [waiting] = (await client.ask(DELIVERIES, id=webhook["id"]))["webhook"]["deliveries"]["nodes"]
    assert (waiting["id"], waiting["state"], test["webhook"]["waiting"]) == (test["deliveryId"], "WAITING", 1)


async def test_deliveries_are_paged_newest_first(client, practice):
    webhook = (await create(client))["webhook"]
    ids = [str((await delivery(practice, webhook, created_at=practice.now.replace(minute=n))).id) for n in range(5)]
    query = """query ($id: ID!, $after: String) { webhook(id: $id) {
      deliveries(first: 3, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } } }"""

    first = (await client.ask(query, id=webhook["id"]))["webhook"]["deliveries"]
    then = (await client.ask(query, id=webhook["id"], after=first["pageInfo"]["endCursor"]))["webhook"]["deliveries"]

    assert [node["id"] for node in first["nodes"] + then["nodes"]] == ids[::-1]
    assert (first["pageInfo"]["hasNextPage"], then["pageInfo"]["hasNextPage"]) == (True, False)


async def test_a_desk_may_allow_what_others_refuse(practice, client):
    from hooked import LOOPBACK

    class AtHome(type(practice)):
        @property
        def desk(self):
            return replace(super().desk, receivers=LOOPBACK)

    practice.__class__ = AtHome

    made = await client.do("createWebhook", "webhook { url }", url="http://127.0.0.1:8000/x")

    assert made["webhook"] == {"url": "http://127.0.0.1:8000/x"}
