"""A restore puts the backup in the store's place, or changes nothing."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from builders import Practice
from copies import an_older_book, at, dump, in_a_process, names, run
from gappt_graphql.store import Store
from gappt_graphql.store.migrations import HEAD
from gappt_graphql.store.opening import open_store, replacing
from samples import one_of_each

pytestmark = pytest.mark.sqlite("backups of a file: a database has tools of its own for that")


def test_a_restore_puts_the_backup_in_place_and_keeps_the_former_store(book: Path, kept: Path) -> None:
    assert run("key", "create", "--account", "Since then", *at(book)).exit_code == 0
    before, wanted = dump(book), dump(kept)

    restored = json.loads(run("restore", kept, "--verify", "--json", *at(book)).stdout)

    assert dump(book) == wanted
    assert dump(Path(restored["kept"])) == before
    assert Path(restored["kept"]).name.startswith("book.db.before-restore-")
    assert stat.S_IMODE(book.stat().st_mode) == 0o600
    assert names(book.parent) == {"book.db", "kept.db", Path(restored["kept"]).name}


def test_a_restored_book_goes_on(book: Path, kept: Path) -> None:
    assert run("restore", kept, *at(book)).exit_code == 0

    assert run("key", "create", "--account", "Riverside", *at(book)).exit_code == 0
    assert run("audit", "verify", *at(book)).exit_code == 0


def test_a_restore_onto_nothing_makes_the_store(kept: Path, tmp_path: Path) -> None:
    assert run("restore", kept, *at(tmp_path / "fresh.db")).exit_code == 0

    assert dump(tmp_path / "fresh.db") == dump(kept)


def test_a_log_without_its_store_is_kept_apart_from_the_restored_one(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "fresh.db-wal").write_bytes(b"left")
    wanted = dump(kept)

    assert run("restore", kept, *at(tmp_path / "fresh.db")).exit_code == 0

    assert dump(tmp_path / "fresh.db") == wanted
    [aside] = tmp_path.glob("fresh.db.before-restore-*-wal")
    assert aside.read_bytes() == b"left"


def test_a_log_that_a_crash_left_is_a_part_of_the_store_that_is_kept(kept: Path, tmp_path: Path) -> None:
    crashed = f"""
import sqlite3, os
connection = sqlite3.connect({str(tmp_path / "crashed.db")!r})
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("CREATE TABLE written (x)")
connection.execute("INSERT INTO written VALUES (1)")
connection.commit()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", crashed], check=True)
    assert (tmp_path / "crashed.db-wal").stat().st_size > 0

    restored = json.loads(run("restore", kept, "--json", *at(tmp_path / "crashed.db")).stdout)

    assert 'INSERT INTO "written" VALUES(1);' in dump(Path(restored["kept"]))
    assert dump(tmp_path / "crashed.db") == dump(kept)


def test_a_store_that_sqlite_cannot_read_is_restored_and_kept_as_it_is(book: Path, kept: Path) -> None:
    book.write_bytes(b"nothing that SQLite knows" * 500)

    restored = json.loads(run("restore", kept, "--json", *at(book)).stdout)

    assert dump(book) == dump(kept)
    assert Path(restored["kept"]).read_bytes() == b"nothing that SQLite knows" * 500


async def test_a_restore_is_refused_while_a_server_holds_the_store(book: Path, kept: Path) -> None:
    store = await open_store(f"sqlite:///{book}", serving=True)
    try:
        refused = await asyncio.to_thread(in_a_process, "restore", str(kept), *at(book))
    finally:
        await store.close()

    assert refused.returncode == 1
    assert "Another process holds the store" in refused.stderr
    assert names(book.parent) == {"book.db", "kept.db"}


async def test_a_restore_is_refused_while_a_command_has_the_store_open(
    store: Store, kept: Path, tmp_path: Path
) -> None:
    before = names(tmp_path)

    refused = await asyncio.to_thread(in_a_process, "restore", str(kept), *at(tmp_path / "book.db"))

    assert refused.returncode == 1
    assert "Another command has the store" in refused.stderr
    assert names(tmp_path) == before


def test_a_restore_is_refused_while_another_program_reads_the_store(book: Path, kept: Path) -> None:
    with closing(sqlite3.connect(book)) as shell:
        shell.execute("PRAGMA journal_mode=WAL")
        shell.execute("SELECT * FROM accounts").fetchall()
        refused = in_a_process("restore", str(kept), *at(book))

    assert refused.returncode == 1
    assert "Another program has the store" in refused.stderr


def test_a_store_is_not_opened_while_it_is_replaced(book: Path) -> None:
    with replacing(f"sqlite:///{book}"):
        refused = in_a_process("account", "list", *at(book))

    assert refused.returncode == 1
    assert "is being replaced by a backup" in refused.stderr


def test_what_comes_while_a_store_is_replaced_can_write_to_the_former_one_no_more(book: Path, kept: Path) -> None:
    """Else somebody would be told that it is written, and it would be gone."""
    program = f"""
import sqlite3, sys
connection = sqlite3.connect({str(book)!r}, isolation_level=None)
connection.execute("PRAGMA busy_timeout=20000")
print("open", flush=True)
for statement in ("PRAGMA journal_mode=WAL", "UPDATE accounts SET name = name || ' lost'"):
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        print(error.sqlite_errorname)
"""
    from gappt_graphql.store.sqlite import backups

    with backups.copied(kept, book, progress=lambda done, total: None) as copy, backups._nobody_else(book):
        late = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert late.stdout is not None
        assert late.stdout.readline() == "open\n"
        time.sleep(0.3)  # for it to wait at the lock; the answer is the same if it does not yet
        os.replace(copy, book)

    assert late.communicate(timeout=60)[0].split() in (["SQLITE_READONLY_DBMOVED"] * 2, [])


def test_verifying_alone_changes_nothing_and_runs_beside_a_server(kept: Path, tmp_path: Path) -> None:
    kept.chmod(0o400)

    verified = run("restore", kept, "--verify-only", *at(tmp_path / "none.db"))

    assert verified.exit_code == 0
    assert "is sound" in verified.stdout
    assert "Nothing was restored" in verified.stdout
    assert names(tmp_path) == {"kept.db"}


def test_the_store_itself_is_no_backup_to_restore(book: Path) -> None:
    assert "is the store itself" in run("restore", book, *at(book)).stderr
    assert run("restore", book, "--verify", "--verify-only", *at(book)).exit_code == 2


def test_a_backup_of_an_earlier_version_is_migrated(book: Path, tmp_path: Path) -> None:
    older = an_older_book(tmp_path / "older.db")

    verified = json.loads(run("restore", older, "--verify-only", "--json").stdout)
    restored = json.loads(run("restore", older, "--json", *at(book)).stdout)

    assert (verified["revision"], verified["auditHashes"]) == ("0002", {})
    assert restored["revision"] == HEAD
    assert len(restored["auditHashes"]["Riverside"]) == 64
    assert run("audit", "verify", *at(book)).exit_code == 0


def test_a_restore_that_is_killed_leaves_the_store_as_it_was(book: Path, kept: Path) -> None:
    before = dump(book)
    program = f"""
import os, signal
from pathlib import Path
from gappt_graphql.store.sqlite import backups
with backups.copied(Path({str(kept)!r}), Path({str(book)!r}),
    progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL)):
    pass
"""

    killed = subprocess.run([sys.executable, "-c", program], timeout=60)

    assert killed.returncode == -signal.SIGKILL
    assert dump(book) == before
    assert run("restore", kept, *at(book)).exit_code == 0
    assert dump(book) == dump(kept)


def test_a_store_behind_a_link_is_replaced_where_it_lies(book: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real = book.rename(tmp_path / "disk" / "book.db")
    book.symlink_to(real)

    restored = json.loads(run("restore", kept, "--json", *at(book)).stdout)

    assert book.is_symlink()
    assert dump(real) == dump(kept)
    assert Path(restored["kept"]).parent == real.parent


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_store_that_root_restores_belongs_to_whom_it_belonged(book: Path, kept: Path) -> None:
    os.chown(book, 1234, 2345)

    assert run("restore", kept, *at(book)).exit_code == 0

    assert (book.stat().st_uid, book.stat().st_gid) == (1234, 2345)


async def test_a_store_that_is_open_can_be_verified_where_it_is(practice: Practice, tmp_path: Path) -> None:
    await one_of_each(practice)

    verified = await asyncio.to_thread(in_a_process, "restore", str(tmp_path / "book.db"), "--verify-only", "--json")

    assert json.loads(verified.stdout)["groupAppointments"] == 2
