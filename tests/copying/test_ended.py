"""A copy that was ended at any moment is taken for none, and goes on when it is begun again."""

import asyncio
import shutil
import signal
import sys

import pytest

from conftest import NOW
from gappt_graphql.practice.access import authenticate, issue_key
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import StoreError, StoreInUse
from gappt_graphql.store.copying import CopyStopped, copy
from gappt_graphql.store.opening import open_store
from houses import copied, ended_after, everything, furnished

KILLED_AFTER = """
import asyncio, os, signal, sys
from gappt_graphql.store.copying import copy

left = int(sys.argv[3])

def show(_done, _total):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(copy(sys.argv[1], sys.argv[2], progress=show, size=5))
"""


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED_AFTER, *arguments)


@pytest.mark.parametrize("slices", [0, 3, 30, 90, 120])
async def test_a_copy_that_was_killed_goes_on(move, slices):
    process = await started(move.source, move.target, str(slices))
    assert await process.wait() == -signal.SIGKILL
    partly = await everything(move.all_of_target)

    told = await copied(move.source, move.target)

    there = await everything(move.all_of_target)
    assert there == await everything(move.all_of_source)
    new = sum(len(rows) for rows in there.values()) - sum(len(rows) for rows in partly.values())
    begun = sum("unfinished" in row[1] for row in partly["accounts"])
    assert sum(one.written for one in told) == new + begun


async def test_a_copy_that_is_ended_again_and_again_goes_on_each_time(move):
    for slices in range(12, 130, 9):
        await ended_after(move.source, move.target, slices)

    await copied(move.source, move.target)

    assert await everything(move.all_of_target) == await everything(move.all_of_source)


async def test_a_copy_that_is_cancelled_ends_at_the_next_slice(move):
    shown = 0

    def cancel(_done: int, _total: int) -> None:
        nonlocal shown
        shown += 1
        copying.cancel()

    copying = asyncio.create_task(copy(move.source, move.target, progress=cancel, size=5))
    with pytest.raises(asyncio.CancelledError):
        await copying

    assert shown == 1
    await copied(move.source, move.target)


async def test_a_copy_that_is_killed_wherever_it_is_goes_on(move):
    seconds = 0.4
    for _ in range(6):
        process = await started(move.source, move.target, "1000000")
        await asyncio.sleep(seconds)  # somewhere; what is asserted holds wherever that is
        if process.returncode is None:
            process.kill()
        await process.wait()
        seconds += 0.15

    await copied(move.source, move.target)

    assert await everything(move.all_of_target) == await everything(move.all_of_source)


@pytest.mark.parametrize("slices", [0, 20, 60, 90])
async def test_nobody_is_let_into_an_account_whose_copy_has_not_ended(move, slices):
    await ended_after(move.source, move.target, slices)

    store = await open_store(move.target)
    try:
        key = await authenticate(store, move.secret)
        names = {account.name for account in await store.accounts()}
    finally:
        await store.close()

    assert key is None
    assert (await everything(move.all_of_target))["calendar_feeds"] == []
    assert "Riverside" not in names


async def test_an_unfinished_copy_is_called_so(move):
    await ended_after(move.source, move.target, 0)

    [(account, name, _, last_number, *_)] = (await everything(move.all_of_target))["accounts"]
    assert name.endswith(f" (unfinished copy of account {account})")
    assert last_number == 0


async def test_an_account_that_has_got_a_key_of_somebody_else_is_never_finished(move):
    await ended_after(move.source, move.target, 0)
    store = await open_store(move.target)
    try:
        [account] = await store.accounts()
        ids = Ids(counter=8)
        key = await issue_key(store, account=account.id, scopes=["write"], now=NOW, ids=ids)
        before = await everything(move.all_of_target)
    finally:
        await store.close()

    with pytest.raises(CopyStopped, match="is not the same in both stores"):
        await copied(move.source, move.target)

    assert (await everything(move.all_of_target))["accounts"] == before["accounts"]
    assert key.key.id in {row[1] for row in before["api_keys"]}


async def test_an_unfinished_copy_is_not_copied_further(move, tmp_path):
    await ended_after(move.source, move.target, 0)

    with pytest.raises(StoreError, match="holds an unfinished copy itself"):
        await copied(move.target, f"sqlite:///{tmp_path / 'further.db'}")


async def test_two_copies_at_once_end_well_or_one_is_refused(move):
    done = await asyncio.gather(*(copied(move.source, move.target, size=5) for _ in range(2)), return_exceptions=True)

    assert all(isinstance(one, (list, StoreInUse)) for one in done), done
    assert any(isinstance(one, list) for one in done)
    assert await everything(move.all_of_target) == await everything(move.all_of_source)


async def test_two_copies_to_one_database_both_end_well(empty_book, database, store_url, tmp_path):
    """The same book in two files, as no lock of a file holds one of them off."""
    files = [tmp_path / "one.db", tmp_path / "two.db"]
    shutil.copy(empty_book, files[0])
    await furnished(f"sqlite:///{files[0]}", NOW)
    shutil.copy(files[0], files[1])

    done = await asyncio.gather(*(copied(f"sqlite:///{file}", store_url, size=5) for file in files))

    rows = sum(len(rows) for rows in (await everything(database.superuser_url)).values())
    assert sum(one.written for told in done for one in told) == rows
    assert await everything(database.superuser_url) == await everything(f"sqlite:///{files[0]}")
