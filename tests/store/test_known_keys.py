"""Keys are not looked up for every request, and one that is revoked is not taken for long."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from builders import Practice
from gappt_graphql.practice.access import authenticate, issue_key, revoke_key, standing
from gappt_graphql.store import ApiKey, Store
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.postgres.keys import MOST, SECONDS
from gappt_graphql.store.postgres.keys import KnownKeys as KnownForAMoment
from gappt_graphql.store.sqlite.keys import KnownKeys as KnownUntilACommit
from past import Past

REVOKE = "UPDATE api_keys SET revoked_at = created_at WHERE digest = ?"
KEY = ApiKey(id=1, account_id=1, digest="d", last_four="wxyz", scopes=("read",), created_at=datetime(2026, 3, 2))


class Keys:
    """Keys as they are stored, and how often each was looked up."""

    def __init__(self, *keys: ApiKey) -> None:
        self.stored = {key.digest: key for key in keys}
        self.asked: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def look_up(self, digest: str) -> ApiKey | None:
        self.asked.append(digest)
        found = self.stored.get(digest)
        self.meanwhile()
        return found


@pytest.fixture
async def secret(practice: Practice) -> str:
    account = practice.account.id
    return (
        await issue_key(practice.store, account=account, scopes=["read"], now=practice.now, ids=practice.ids)
    ).secret


async def test_a_key_that_is_revoked_here_is_refused_at_once(store: Store, practice: Practice, secret: str) -> None:
    for _ in range(2):
        key = await authenticate(store, secret)
        assert key is not None

    await revoke_key(store, account=practice.account.id, id=key.id, now=practice.now)

    assert await authenticate(store, secret) is None


async def test_who_watches_hears_at_once_that_another_process_has_revoked_the_key(
    store: Store, secret: str, past: Past
) -> None:
    key = await authenticate(store, secret)
    assert key is not None

    past.change(REVOKE, key.digest)

    assert await standing(store, key) is None


async def test_a_key_that_was_just_made_by_another_process_is_taken(
    store: Store, store_url: str, practice: Practice
) -> None:
    unknown = "gappt_" + 43 * "x"
    assert await authenticate(store, unknown) is None
    other = await open_store(store_url)
    try:
        made = await issue_key(other, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids)
    finally:
        await other.close()

    assert await authenticate(store, made.secret) == made.key


@pytest.mark.sqlite("PostgreSQL tells of no commit without being asked")
async def test_a_key_that_another_process_revokes_is_refused_from_the_next_request_on(
    store: Store, secret: str, past: Past
) -> None:
    key = await authenticate(store, secret)
    assert await authenticate(store, secret) == key
    assert key is not None

    past.change(REVOKE, key.digest)

    assert await authenticate(store, secret) is None


async def test_a_key_that_another_process_revokes_in_a_database_is_refused_soon(
    store: Store, secret: str, past: Past, database: object
) -> None:
    key = await authenticate(store, secret)
    assert key is not None

    past.change(REVOKE, key.digest)

    async with asyncio.timeout(20):
        while await authenticate(store, secret) is not None:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.05)


async def test_a_key_of_a_database_is_looked_up_once_a_second_however_often_it_is_used() -> None:
    keys, times = Keys(KEY), [100.0, 100.4, 100.0 + SECONDS - 0.01, 100.0 + SECONDS]
    known = KnownForAMoment(keys.look_up, clock=lambda: times.pop(0))
    for _ in range(3):
        assert await known.by_digest("d") == KEY
    assert keys.asked == ["d"]

    keys.stored["d"] = revoked = replace(KEY, revoked_at=KEY.created_at)

    assert await known.by_digest("d") == revoked


async def test_what_is_no_key_is_not_remembered_and_looked_up_each_time() -> None:
    keys = Keys()
    known = KnownForAMoment(keys.look_up)

    assert [await known.by_digest("d"), await known.by_digest("d")] == [None, None]
    assert keys.asked == ["d", "d"]


async def test_no_more_keys_are_known_than_may_be() -> None:
    keys = Keys(*(replace(KEY, digest=str(number)) for number in range(MOST + 1)))
    known = KnownForAMoment(keys.look_up, clock=lambda: 100.0)
    for number in range(MOST + 1):
        await known.by_digest(str(number))

    await known.by_digest(str(MOST))
    assert len(keys.asked) == MOST + 1
    await known.by_digest("0")
    assert len(keys.asked) == MOST + 2


async def test_a_key_that_is_written_while_it_is_looked_up_is_not_kept_as_it_was() -> None:
    keys = Keys(KEY)
    known = KnownForAMoment(keys.look_up, clock=lambda: 100.0)
    keys.meanwhile = lambda: known.changed("d")
    await known.by_digest("d")

    keys.stored["d"] = revoked = replace(KEY, revoked_at=KEY.created_at)

    assert await known.by_digest("d") == revoked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "book.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    _commit(path)
    return path


async def test_a_key_of_a_file_is_looked_up_once_between_two_commits(file: Path) -> None:
    keys = Keys(KEY)
    known = KnownUntilACommit(file, keys.look_up)
    for _ in range(3):
        assert await known.by_digest("d") == KEY
    assert keys.asked == ["d"]

    _commit(file)
    keys.stored["d"] = revoked = replace(KEY, revoked_at=KEY.created_at)

    assert await known.by_digest("d") == revoked
    known.close()


async def test_what_was_looked_up_before_a_commit_is_not_known_after_it(file: Path) -> None:
    keys = Keys(KEY)
    known = KnownUntilACommit(file, keys.look_up)
    keys.meanwhile = lambda: _commit(file)

    await known.by_digest("d")
    keys.stored["d"] = revoked = replace(KEY, revoked_at=KEY.created_at)

    assert await known.by_digest("d") == revoked
    known.close()


async def test_two_who_look_a_key_up_around_a_commit_do_not_keep_it_as_it_was(file: Path) -> None:
    keys = Keys(KEY)
    looked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(digest: str) -> ApiKey | None:
        found = await keys.look_up(digest)
        if len(keys.asked) == 1:
            looked.set()
            await go_on.wait()
        return found

    known = KnownUntilACommit(file, slowly)
    first = asyncio.create_task(known.by_digest("d"))
    await looked.wait()
    _commit(file)
    del keys.stored["d"]
    assert await known.by_digest("d") is None
    go_on.set()
    await first

    assert await known.by_digest("d") is None
    known.close()


def _commit(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS written (at)")
        connection.execute("INSERT INTO written VALUES (1)")
