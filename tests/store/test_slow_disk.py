"""A server that is told to end while it waits for the disk answers those who wait with it."""

import asyncio
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from a_server import AServer, booked
from gappt_graphql.practice.access import issue_key

pytestmark = pytest.mark.sqlite("a disk that is slow under the file")

# Loaded before the C library: while the file is there, each sync first leaves a byte in it and takes its time.
SLOW = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int file) {
    int slow = open(getenv("SLOW"), O_WRONLY | O_APPEND);
    if (slow >= 0) {
        if (write(slow, "s", 1) != 1) abort();
        close(slow);
        usleep(400000);
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("There is no C compiler (cc) here to make a disk slow with.")
    (tmp_path / "slow.c").write_text(SLOW)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "slow.so", tmp_path / "slow.c", "-ldl"], check=True)
    return tmp_path / "slow.so"


def wait_until_there_is_something_in(file: Path) -> None:
    until = time.monotonic() + 30
    while not file.stat().st_size:
        assert time.monotonic() < until, "The server does not sync."
        time.sleep(0.01)


async def test_a_server_that_is_told_to_end_while_a_group_is_synced_answers_all_of_it(practice, library, tmp_path):
    group = await practice.group(max_attendees=12)
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    await practice.store.close()
    slow = tmp_path / "slow"
    url = f"sqlite:///{tmp_path / 'book.db'}"
    server = AServer(url, key=issued.secret, environment={"LD_PRELOAD": str(library), "SLOW": str(slow)})
    try:
        server.wait_until_it_answers()
        async with server.client() as client, asyncio.timeout(30):
            slow.touch()
            writes = [asyncio.create_task(booked(client, group.id, each.id)) for each in practice.patients[:8]]
            await asyncio.to_thread(wait_until_there_is_something_in, slow)
            await asyncio.sleep(0.1)  # the others wait for the next sync by then
            server.process.terminate()
            attendees = await asyncio.gather(*writes)
        code = await asyncio.to_thread(server.process.wait, 20)
    finally:
        server.kill()

    assert code == 0
    with closing(sqlite3.connect(tmp_path / "book.db")) as book:
        assert {id for (id,) in book.execute("SELECT id FROM attendees")} == set(attendees)
