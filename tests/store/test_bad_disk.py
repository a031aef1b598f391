"""Where the disk fails, nobody is told of a booking that is not there, and the store goes on when it can."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.sqlite.invariants import faults
from on_a_bad_disk import FAULTS

pytestmark = pytest.mark.sqlite("a disk that fails under the file")

# Loaded before the C library: lets so many calls of one kind pass, and fails so many, or all where that is negative.
FAULTY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>

static int kind, error, passing, failing;

void arm(int a_kind, int an_error, int pass, int fail) {
    kind = a_kind; error = an_error; passing = pass; failing = fail;
}

static int fails(int a_kind) {
    if (a_kind != kind || passing-- > 0 || failing == 0) return 0;
    if (failing > 0) failing--;
    errno = error;
    return 1;
}

typedef int sync_call(int);
typedef ssize_t write_call(int, const void *, size_t, off_t);
typedef ssize_t read_call(int, void *, size_t, off_t);
#define REAL(type, name) ((type *)dlsym(RTLD_NEXT, name))

int fsync(int file) { return fails(1) ? -1 : REAL(sync_call, "fsync")(file); }
int fdatasync(int file) { return fails(1) ? -1 : REAL(sync_call, "fdatasync")(file); }
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return fails(2) ? -1 : REAL(write_call, "pwrite")(file, bytes, count, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at) {
    return fails(2) ? -1 : REAL(write_call, "pwrite64")(file, bytes, count, at);
}
ssize_t pread(int file, void *bytes, size_t count, off_t at) {
    return fails(3) ? -1 : REAL(read_call, "pread")(file, bytes, count, at);
}
ssize_t pread64(int file, void *bytes, size_t count, off_t at) {
    return fails(3) ? -1 : REAL(read_call, "pread64")(file, bytes, count, at);
}
"""
A_CRASH = "a crash after a sync that fails"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk")


@pytest.fixture(scope="module")
def seen(folder: Path, empty_book: Path) -> dict[str, Any]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("There is no C compiler (cc) here to make a disk fail with.")
    source, library = folder / "faulty.c", folder / "faulty.so"
    source.write_text(FAULTY)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    tests = Path(__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, tests / "on_a_bad_disk.py", empty_book, folder],
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_acknowledged_is_there_and_nothing_else(seen, fault):
    acknowledged = [told for told in seen[fault]["told"] if isinstance(told, int)]

    assert seen[fault]["found"] == acknowledged


@pytest.mark.parametrize("fault", [name for name in FAULTS if "read" not in name])
def test_every_writer_of_a_group_that_the_disk_fails_is_told(seen, fault):
    assert seen[fault]["told"] == ["OperationalError"] * 6


@pytest.mark.parametrize("fault", ["no sync succeeds", "no write succeeds", "the disk is full", "no read succeeds"])
def test_a_store_whose_disk_goes_on_failing_is_not_ready(seen, fault):
    assert isinstance(seen[fault]["ready"], str)


@pytest.mark.parametrize("fault", ["a sync fails", "a write in the middle fails", "a read fails"])
def test_a_store_whose_disk_has_failed_once_is_ready(seen, fault):
    assert seen[fault]["ready"] is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_whose_disk_works_again_is_ready_and_books(seen, fault):
    assert seen[fault]["ready_again"] is None
    assert len(set(seen[fault]["retried"])) == 6
    assert seen[fault]["found_again"] == seen[fault]["retried"]


@pytest.mark.parametrize("fault", [*FAULTS, A_CRASH])
def test_the_book_stays_sound(seen, folder, fault):
    with closing(sqlite3.connect(folder / f"{fault}.db")) as book:
        assert list(faults(book, revision=HEAD)) == []


def test_after_a_crash_a_group_whose_sync_failed_may_be_there_but_only_whole(seen, folder):
    assert seen[A_CRASH]["told"] == ["OperationalError"] * 6
    with closing(sqlite3.connect(folder / f"{A_CRASH}.db")) as book:
        found = [
            book.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("attendees", "idempotency_keys")
        ]
    assert found in ([0, 0], [6, 6])
