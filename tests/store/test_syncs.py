"""How often a server waits for the disk, counted where it asks the kernel to."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from a_server import AServer, booked
from gappt_graphql.practice.access import issue_key

pytestmark = pytest.mark.sqlite("when the file is synced")

# Loaded before the C library, so that each request to sync a file leaves a byte when it has returned.
COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int counted(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(file);
    int log = open(getenv("SYNCS_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (log < 0 || write(log, "s", 1) != 1) abort();
    close(log);
    return result;
}

int fsync(int file) { return counted("fsync", file); }
int fdatasync(int file) { return counted("fdatasync", file); }
"""


@pytest.fixture(scope="session")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("There is no C compiler (cc) here to make the counter of syncs with.")
    folder = tmp_path_factory.mktemp("counter")
    (folder / "counter.c").write_text(COUNTER)
    library = folder / "counter.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "counter.c", "-ldl"], check=True)
    return library


class Counted:
    """A server, and how often it has synced a file since it was asked last."""

    def __init__(self, server: AServer, log: Path) -> None:
        self.server = server
        self._log = log
        log.touch()
        self._before = 0

    def syncs(self) -> int:
        before, self._before = self._before, self._log.stat().st_size
        return self._before - before


@pytest.fixture
async def start(practice, counter: Path, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Counted]]]:
    """Start a server of the practice's store, which this process lets go of."""
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    started: list[AServer] = []

    async def start() -> Counted:
        await practice.store.close()
        environment = {"LD_PRELOAD": str(counter), "SYNCS_LOG": str(tmp_path / "syncs")}
        started.append(AServer(f"sqlite:///{tmp_path / 'book.db'}", key=issued.secret, environment=environment))
        started[0].wait_until_it_answers()
        counted = Counted(started[0], tmp_path / "syncs")
        counted.syncs()
        return counted

    yield start
    for server in started:
        server.kill()


async def test_each_booking_is_on_the_disk_before_it_is_acknowledged(practice, start):
    group = await practice.group(max_attendees=12)
    counted = await start()

    async with counted.server.client() as client:
        for patient in practice.patients:
            await booked(client, group.id, patient.id)

            assert counted.syncs() > 0


async def test_sixty_four_clients_wait_for_the_disk_once_for_five_bookings_at_most(practice, start):
    groups, patients = [await practice.group(max_attendees=64) for _ in range(5)], practice.new_patients(64)
    await practice.save(*patients)
    counted = await start()

    async with counted.server.client() as client:

        async def one_client(patient):
            for group in groups:
                await booked(client, group.id, patient.id)

        await asyncio.gather(*map(one_client, patients))

    assert 0 < counted.syncs() <= 64 * 5 / 5
