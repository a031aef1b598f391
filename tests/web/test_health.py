"""What probes are told: no key is needed, and no detail is given."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.store import Fault, Store
from gappt_graphql.store.sqlite.locks import FileLock
from gappt_graphql.web.app import create_app
from gappt_graphql.web.health import Health

A_PATIENT = "Ada Lovelace"


class Troubled:
    """A store that has this trouble."""

    def __init__(self, trouble: Any) -> None:
        self.trouble, self.asked = trouble, 0

    async def fault(self) -> Any:
        self.asked += 1
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return self.trouble


async def told(health: Health) -> tuple[int, bytes]:
    answer = await health.readyz(None)  # type: ignore[arg-type]
    return answer.status_code, bytes(answer.body)


async def test_a_server_whose_store_can_be_written_is_ready(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Fault.DISK, "disk"),
        (Fault.MIGRATIONS, "migrations"),
        (OSError(f"/var/lib/{A_PATIENT}"), "store"),
    ],
)
async def test_a_server_that_is_not_ready_says_why_in_a_word(
    trouble: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, body = await told(Health(Troubled(trouble)))  # type: ignore[arg-type]

    assert (status, body) == (503, b'{"status":"unavailable","reason":"%b"}' % reason.encode())
    assert A_PATIENT not in caplog.text


@pytest.mark.sqlite("whoever writes the file has all of it alone")
async def test_a_store_that_somebody_else_writes_for_long_is_busy_and_ready_again_afterwards(
    store: Store, tmp_path: Path
) -> None:
    another = FileLock(tmp_path / "book.db-writing")
    another.take()

    busy = await told(Health(store, patience=0.05))
    another.close()

    assert busy[1] == b'{"status":"unavailable","reason":"busy"}'
    assert (await told(Health(store)))[0] == 200


async def test_a_server_that_is_about_to_end_is_alive_and_not_ready(practice: Practice) -> None:
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    app.state.health.leaving = True

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example") as client:
        alive, ready = await client.get("/livez"), await client.get("/readyz")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "reason": "leaving"})


async def test_a_store_that_has_been_closed_is_not_ready(practice: Practice) -> None:
    await practice.store.close()

    assert await told(Health(practice.store)) == (503, b'{"status":"unavailable","reason":"store"}')


async def test_the_store_is_asked_once_however_many_ask() -> None:
    store = Troubled(None)
    health = Health(store)  # type: ignore[arg-type]

    answers = await asyncio.gather(*(told(health) for _ in range(50)))
    answers.append(await told(health))

    assert {status for status, _ in answers} == {200}
    assert store.asked == 1


async def test_who_hangs_up_takes_the_answer_from_nobody_else() -> None:
    waiting = asyncio.Event()

    class Slow(Troubled):
        async def fault(self) -> None:
            await waiting.wait()

    health = Health(Slow(None))  # type: ignore[arg-type]
    first, second = asyncio.create_task(told(health)), asyncio.create_task(told(health))
    await asyncio.sleep(0)
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    waiting.set()

    assert (await second)[0] == 200
