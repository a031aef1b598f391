"""A backup is a whole book, or no file."""

import asyncio
import json
import signal
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from builders import Practice
from copies import GAPPT, an_older_book, at, backed_up, damage, dump, in_a_process, names, run
from samples import one_of_each

pytestmark = pytest.mark.sqlite("backups of a file: a database has tools of its own for that")


def test_a_backup_holds_all_that_the_store_holds_in_one_file_for_its_owner(book: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()

    kept = backed_up(book, folder / "kept.db")

    assert names(folder) == {"kept.db"}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert dump(kept) == dump(book)


async def test_a_backup_has_what_lies_in_the_log_of_a_store_that_is_open(practice: Practice, tmp_path: Path) -> None:
    await one_of_each(practice)
    assert (tmp_path / "book.db-wal").stat().st_size > 0

    made = await asyncio.to_thread(in_a_process, "backup", str(tmp_path / "kept.db"), *at(tmp_path / "book.db"))

    assert made.returncode == 0
    assert dump(tmp_path / "kept.db") == dump(tmp_path / "book.db")


def test_a_backup_tells_machines_what_it_holds_and_its_digest(book: Path, tmp_path: Path) -> None:
    told = json.loads(run("backup", tmp_path / "kept.db", "--json", *at(book)).stdout)

    whole = (tmp_path / "kept.db").read_bytes()
    assert (told["bytes"], told["sha256"]) == (len(whole), sha256(whole).hexdigest())
    assert [account["name"] for account in told["accounts"]] == ["Lakeside", "Riverside"]
    assert told["groupAppointments"] == 43


@pytest.mark.parametrize("there", ["kept.db", "kept.db-wal", "kept.db-journal"])
def test_a_backup_overwrites_nothing_and_takes_no_log_for_its_own(book: Path, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("older")
    before = names(tmp_path)

    refused = run("backup", tmp_path / "kept.db", *at(book))

    assert refused.exit_code == 1
    assert f"{there} can't be used: it is there already" in refused.stderr
    assert (tmp_path / there).read_text() == "older"
    assert names(tmp_path) == before


def test_a_backup_is_a_file_and_not_the_standard_output(book: Path) -> None:
    refused = run("backup", "-", *at(book))

    assert refused.exit_code == 2
    assert "A backup is a file" in refused.stderr


def test_a_backup_of_nothing_or_into_no_folder_is_refused(book: Path, tmp_path: Path) -> None:
    assert "There is no database at" in run("backup", tmp_path / "a.db", *at(tmp_path / "none.db")).stderr
    assert "No such file or directory" in run("backup", tmp_path / "no" / "a.db", *at(book)).stderr
    assert names(tmp_path) == {"book.db"}


def test_a_backup_of_a_damaged_store_is_no_backup(book: Path, tmp_path: Path) -> None:
    damage(book, page=2)

    refused = run("backup", tmp_path / "kept.db", *at(book))

    assert refused.exit_code == 1
    assert f"{book} is damaged" in refused.stderr
    assert not (tmp_path / "kept.db").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of a file's size is that of Linux")
def test_a_backup_onto_a_full_disk_leaves_nothing(book: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    limited = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *GAPPT]

    refused = subprocess.run(
        [*limited, "backup", str(folder / "kept.db"), *at(book)], capture_output=True, text=True, timeout=60
    )

    assert refused.returncode == 1
    assert f"{book} can't be copied to {folder}. SQLite says: " in refused.stderr
    assert names(folder) == set()


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(book: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    # Stops at the first look at the progress, where the copy has begun.
    program = f"""
import os, signal, sys
from pathlib import Path
from gappt_graphql.store.sqlite import backups
backups._STEP = 5
backups.back_up(Path({str(book)!r}), Path({str(folder / "kept.db")!r}),
    progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""

    killed = subprocess.run([sys.executable, "-c", program], timeout=60)

    assert killed.returncode == -signal.SIGKILL
    [left] = names(folder)
    assert left.startswith(".kept.db.")
    assert left.endswith(".partial")
    backed_up(book, folder / "kept.db")


def test_two_backups_at_once_are_both_whole_and_of_two_to_one_file_one_is_made(book: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.db", "two.db", "same.db", "same.db")]
    running = [subprocess.Popen([*GAPPT, "backup", str(file), *at(book)], stderr=subprocess.PIPE) for file in files]
    for each in running:
        each.communicate(timeout=60)

    assert sorted(each.returncode for each in running) == [0, 0, 0, 1]
    assert [dump(tmp_path / name) == dump(book) for name in ("one.db", "two.db", "same.db")] == [True] * 3
    assert names(tmp_path) == {"book.db", "one.db", "two.db", "same.db"}


def test_a_store_that_is_not_migrated_can_be_backed_up_before_it_is(tmp_path: Path) -> None:
    older = an_older_book(tmp_path / "older.db")

    assert dump(backed_up(older, tmp_path / "kept.db")) == dump(older)


def test_a_file_that_appears_while_the_copy_is_made_is_not_overwritten(book: Path, tmp_path: Path) -> None:
    from gappt_graphql.store.sqlite.backups import back_up

    file = tmp_path / "kept.db"

    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        back_up(book, file, progress=lambda done, total: file.write_text("another's") and None)

    assert file.read_text() == "another's"
    assert list(tmp_path.glob(".kept.db.*")) == []
