"""Subscriptions as server-sent events: how they begin, what they tell, and how they end."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from at_the_desk import a_series, creation
from builders import Practice
from gappt_graphql.graph.changes import feed_of
from gappt_graphql.graph.options import Options, Streams
from gappt_graphql.practice import booking
from gappt_graphql.practice.access import authenticate, issue_key, revoke_key
from gappt_graphql.web.app import create_app
from listening import Listening
from tasks import others_are_told, tasks

WATCH = "subscription { groupAppointmentChanged { kind id cursor } }"
NOTES = "subscription { groupAppointmentChanged { groupAppointment { notes } } }"
LABEL = "{ practitioners { nodes { label } } }"

Listen = Callable[..., Listening]


@pytest.fixture
async def secret(practice: Practice) -> str:
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids
    )
    return issued.secret


@pytest.fixture
def listen_to(practice: Practice, secret: str) -> Callable[..., Listen]:
    """Return what asks one application for streams, which are limited as the test chooses."""

    def application(**streams: Any) -> Listen:
        options = Options(streams=Streams(**streams))
        app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, options=options)

        def listen(query: str = WATCH, **how: Any) -> Listening:
            return Listening(app, query, **{"secret": secret, **how})

        return listen

    return application


@pytest.fixture
def listen(listen_to: Callable[..., Listen]) -> Listen:
    return listen_to()


async def create(practice: Practice, **fields: Any) -> int:
    return (await booking.create(practice.desk, creation(practice, **fields))).group_appointment_id


async def revoke(practice: Practice, secret: str) -> None:
    key = await authenticate(practice.store, secret)
    assert key is not None
    await revoke_key(practice.store, account=practice.account.id, id=key.id, now=practice.now)


def id_told(event: tuple[str | None, str, Any] | None) -> int:
    assert event is not None
    return int(event[2]["data"]["groupAppointmentChanged"]["id"])


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_changes_are_told_as_they_happen(listen: Listen, practice: Practice, method: str) -> None:
    async with listen(method=method) as stream:
        status, headers = await stream.head()
        id = await create(practice)
        event = await stream.event()

    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert event is not None
    place, name, content = event
    told = content["data"]["groupAppointmentChanged"]
    assert (name, told["kind"], told["id"]) == ("next", "CREATED", str(id))
    assert place == told["cursor"]


async def test_the_head_comes_when_the_subscription_stands(listen: Listen, practice: Practice) -> None:
    async with listen() as stream:
        await stream.head()
        made = [await create(practice) for _ in range(3)]

        assert [id_told(await stream.event()) for _ in made] == made


async def test_nobody_on_the_way_keeps_or_holds_back_a_stream(listen: Listen) -> None:
    async with listen() as stream:
        _, headers = await stream.head()

    assert headers["cache-control"] == "no-cache, no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-content-type-options"] == "nosniff"


async def test_events_are_lines_that_end_in_lf_with_the_data_last(listen: Listen, practice: Practice) -> None:
    async with listen() as stream:
        await stream.head()
        await create(practice)
        assert await stream.block() == ":"
        block = await stream.block()

    assert block is not None
    assert "\r" not in block
    assert [line.partition(":")[0] for line in block.split("\n")] == ["id", "event", "data"]


async def test_what_somebody_wrote_does_not_look_like_the_protocol(listen: Listen, practice: Practice) -> None:
    notes = "data: 1\n\nevent: complete\n\ndata: {}"
    async with listen(NOTES) as stream:
        await stream.head()
        await create(practice, notes=notes)
        await stream.block()
        block = await stream.block()
        assert await stream.is_quiet()

    assert block is not None
    assert block.count("data:") == 1
    assert block.count("\n") == 2


async def test_a_stream_resumes_behind_the_last_id_whatever_its_arguments(listen: Listen, practice: Practice) -> None:
    async with listen() as stream:
        await stream.head()
        await create(practice)
        event = await stream.event()
    assert event is not None
    last = event[0]
    assert last is not None
    missed = await a_series(practice)

    query = 'subscription { groupAppointmentChanged(after: "stale") { id } }'
    async with listen(query, headers={"Last-Event-ID": last}) as stream:
        await stream.head()
        told = [id_told(await stream.event()) for _ in missed]
        assert await stream.is_quiet()

    assert told == [one.id for one in missed]


async def test_a_last_id_that_is_none_of_ours_is_refused(listen: Listen) -> None:
    async with listen(headers={"Last-Event-ID": "7"}) as stream:
        status, _ = await stream.head()
        body = await stream.json()

    assert (status, body["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")


async def test_a_query_is_one_event_and_complete(listen: Listen) -> None:
    async with listen(LABEL) as stream:
        await stream.head()
        events = [await stream.event(), await stream.event(), await stream.event()]

    data = {"practitioners": {"nodes": [{"label": "Dr Robin Hale"}]}}
    assert events == [(None, "next", {"data": data}), (None, "complete", None), None]


async def test_who_takes_json_too_gets_a_query_in_json(listen: Listen) -> None:
    async with listen(LABEL, headers={"Accept": "text/event-stream, application/json"}) as stream:
        _, headers = await stream.head()

        assert headers["content-type"] == "application/json"
        assert "data" in await stream.json()


async def test_who_takes_json_too_gets_a_subscription_as_a_stream(listen: Listen) -> None:
    async with listen(headers={"Accept": "application/json, text/event-stream"}) as stream:
        _, headers = await stream.head()

        assert headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{", 400, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { groupAppointmentChanged(after: "x") { id } }', 400, "BAD_USER_INPUT"),
        ("subscription { a: groupAppointmentChanged { id } b: groupAppointmentChanged { id } }", 400, None),
        ("subscription { groupAppointmentChanged @skip(if: true) { id } }", 400, None),
        ("subscription ($a: String!) { groupAppointmentChanged(after: $a) { id } }", 400, "BAD_USER_INPUT"),
    ],
)
async def test_what_does_not_begin_is_answered_in_json(
    listen: Listen, query: str, status: int, code: str | None
) -> None:
    async with listen(query) as stream:
        answered, headers = await stream.head()
        body = await stream.json()

    assert (answered, headers["content-type"]) == (status, "application/graphql-response+json; charset=utf-8")
    assert body["errors"][0]["extensions"]["code"] == (code or "GRAPHQL_VALIDATION_FAILED")
    assert "data" not in body


async def test_a_subscription_without_a_stream_is_refused_with_the_way_out(listen: Listen) -> None:
    async with listen(headers={"Accept": "application/json"}) as stream:
        status, _ = await stream.head()
        body = await stream.json()

    assert status == 406
    assert "text/event-stream" in body["errors"][0]["message"]


async def test_a_mutation_is_never_taken_by_get_as_a_stream_either(listen: Listen) -> None:
    query = 'mutation { createPatient(input: {lastName: "New"}) { userErrors { message } } }'
    async with listen(query, method="GET") as stream:
        status, headers = await stream.head()

    assert (status, headers["allow"]) == (405, "POST")


async def test_a_head_request_ends_with_the_head(listen: Listen) -> None:
    async with listen(method="HEAD") as stream:
        status, _ = await stream.head()
        await asyncio.wait_for(stream.task, 10)

    assert status == 200


async def test_a_stranger_gets_no_stream(listen: Listen) -> None:
    async with listen(secret="gappt_guess") as stream:
        assert (await stream.head())[0] == 401


async def test_a_cursor_ahead_of_the_feed_is_refused(listen: Listen, practice: Practice) -> None:
    ahead = feed_of(practice.account.id).at(1_000)
    async with listen(headers={"Last-Event-ID": ahead}) as stream:
        status, _ = await stream.head()
        body = await stream.json()

    assert status == 400
    assert "ahead" in body["errors"][0]["message"]


async def test_signs_of_life_are_given_while_nothing_happens(listen_to: Callable[..., Listen]) -> None:
    async with listen_to(ping_interval=0.01)() as stream:
        await stream.head()

        assert [await stream.block() for _ in range(3)] == [":", ":", ":"]


async def test_a_revoked_key_is_told_so_and_nothing_more(listen: Listen, practice: Practice, secret: str) -> None:
    async with listen() as stream:
        await stream.head()
        await revoke(practice, secret)
        await create(practice)
        event, complete, end = await stream.event(), await stream.event(), await stream.event()

    assert event is not None
    assert event[2]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert event[2].get("data") is None
    assert complete == (None, "complete", None)
    assert end is None


async def test_a_revoked_key_loses_its_stream_even_if_nothing_happens(
    listen_to: Callable[..., Listen], practice: Practice, secret: str
) -> None:
    async with listen_to(ping_interval=0.02)() as stream:
        await stream.head()
        await revoke(practice, secret)
        event, complete, end = await stream.event(), await stream.event(), await stream.event()

    assert event is not None
    assert event[2]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (complete, end) == ((None, "complete", None), None)


async def test_a_key_has_so_many_streams_at_once_and_gets_them_back(listen_to: Callable[..., Listen]) -> None:
    listen = listen_to(connections=1)
    async with listen() as stream:
        await stream.head()
        async with listen() as second:
            assert (await second.head())[0] == 429
            assert (await second.json())["errors"][0]["extensions"]["code"] == "THROTTLED"
    async with listen() as third:
        assert (await third.head())[0] == 200


async def test_a_key_has_so_many_subscriptions_at_once_and_gets_them_back(listen_to: Callable[..., Listen]) -> None:
    listen = listen_to(subscriptions=1)
    async with listen() as stream:
        await stream.head()
        await stream.is_quiet()
        async with listen() as second:
            assert (await second.head())[0] == 429
    async with listen() as third:
        assert (await third.head())[0] == 200


async def test_who_takes_nothing_is_dropped(listen_to: Callable[..., Listen], practice: Practice) -> None:
    async with listen_to(send_timeout=0.02)() as stream:
        await stream.head()
        stream.stuck()
        await create(practice)
        await asyncio.wait_for(stream.task, 10)


async def test_streams_end_without_completing_when_the_server_does(listen: Listen) -> None:
    async with listen() as stream:
        await stream.head()
        stream.app.state.watchers.leaving.set()  # type: ignore[attr-defined]

        assert await stream.event() is None


async def test_a_client_that_goes_leaves_nothing_behind(listen: Listen, practice: Practice) -> None:
    before = tasks()
    async with listen() as stream:
        await stream.head()
        await create(practice)
        await stream.event()
    watchers = stream.app.state.watchers  # type: ignore[attr-defined]

    assert tasks() == before
    assert [dict(each._open) for each in (watchers.connections, watchers.subscriptions)] == [{}, {}]
    assert practice.store._growth._waiting == {}  # type: ignore[attr-defined]
    await others_are_told(practice.store)
    assert practice.store.figures().in_use == 0
