"""Who may hold a store, and in which order its writers come."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gappt_graphql.store import StoreInUse, UnsupportedStore
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import exclusive, open_store
from gappt_graphql.store.shielding import in_thread
from gappt_graphql.store.sqlite.files import file_of
from gappt_graphql.store.sqlite.locks import FileLock, WritersQueue

pytestmark = pytest.mark.sqlite("locks beside the file")


@pytest.fixture
def url(tmp_path: Path) -> str:
    migrate(f"sqlite:///{tmp_path}/book.db")
    return f"sqlite:///{tmp_path}/book.db"


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


@pytest.fixture
async def queues(tmp_path: Path, executor: ThreadPoolExecutor) -> AsyncIterator[list[WritersQueue]]:
    """The same queue as three processes see it."""
    queues = [WritersQueue(tmp_path / "book.db", executor) for _ in range(3)]
    yield queues
    for queue in queues:
        queue.close()


async def test_one_process_serves_a_store(url):
    store = await open_store(url, serving=True)
    try:
        with pytest.raises(StoreInUse, match=r"book\.db"):
            await open_store(url, serving=True)
    finally:
        await store.close()


async def test_a_command_writes_beside_the_server(url):
    serving, beside = await open_store(url, serving=True), await open_store(url)

    assert list(await beside.accounts()) == []

    await beside.close()
    await serving.close()


async def test_a_command_that_needs_the_store_to_itself_refuses_while_it_is_served(url):
    store = await open_store(url, serving=True)
    try:
        with pytest.raises(StoreInUse, match="Stop it first"), exclusive(url):
            pytest.fail("had the store to itself")
    finally:
        await store.close()

    with exclusive(url):
        pass


async def test_nobody_serves_a_store_that_a_command_has_to_itself(url):
    with exclusive(url):
        with pytest.raises(StoreInUse):
            await open_store(url, serving=True)
        with pytest.raises(StoreInUse), exclusive(url):
            pytest.fail("two had the store to themselves")

    await (await open_store(url, serving=True)).close()


async def test_every_file_of_a_store_is_for_its_owner_alone(tmp_path):
    umask = os.umask(0)
    try:
        migrate(f"sqlite:///{tmp_path}/book.db")
        store = await open_store(f"sqlite:///{tmp_path}/book.db", serving=True)
        await store.accounts()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        await store.close()
    finally:
        os.umask(umask)

    assert {"book.db", "book.db-wal", "book.db-shm", "book.db-serving", "book.db-writing"} <= set(modes)
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///book.db", "book.db"), ("sqlite:////var/lib/book.db", "/var/lib/book.db")]
)
def test_a_url_names_a_file(url, path):
    assert str(file_of(url)) == path


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///book.db?mode=ro", "mysql://book", "book.db", ""]
)
def test_a_url_of_anything_else_is_refused_with_a_sentence(url):
    with pytest.raises(UnsupportedStore, match="A store is a file"):
        file_of(url)


def test_a_refused_url_does_not_tell_its_password():
    with pytest.raises(UnsupportedStore) as refused:
        file_of("mysql://me:secret@host/book")

    assert "secret" not in str(refused.value)


async def test_writers_of_several_processes_never_have_their_turn_at_once(queues):
    inside = 0

    async def write(queue: WritersQueue) -> None:
        nonlocal inside
        for _ in range(20):
            async with queue.turn():
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                inside -= 1

    async with asyncio.timeout(30):
        await asyncio.gather(*map(write, queues))


async def test_a_busy_writer_does_not_pass_one_that_waits(queues):
    busy, waiting, _ = queues
    order = []

    async def wait_for_a_turn() -> None:
        async with waiting.turn():
            order.append("waiting")

    for _ in range(10):
        async with busy.turn():
            waits = asyncio.create_task(wait_for_a_turn())
            await asyncio.sleep(0.02)
        async with busy.turn():
            order.append("busy")
        await waits

    assert order == ["waiting", "busy"] * 10


async def test_a_writer_that_is_cancelled_while_it_waits_holds_nothing_up(queues):
    first, cancelled, third = queues
    async with first.turn():
        waits = asyncio.create_task(cancelled.turn().__aenter__())
        await asyncio.sleep(0.05)
        waits.cancel()
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await waits

    async with asyncio.timeout(5), third.turn():
        pass


def test_a_lock_goes_with_its_holder(tmp_path):
    holder, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert holder.take_at_once()
    assert not other.take_at_once()

    holder.close()

    assert other.take_at_once()
    other.close()


async def test_a_cancelled_call_is_left_only_after_its_thread_is_done(executor):
    told, done = asyncio.Event(), []

    def call() -> None:
        asyncio.run(asyncio.sleep(0.1))
        done.append(True)

    running = asyncio.create_task(in_thread(executor, call, interrupt=told.set))
    await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert done
    assert told.is_set()
