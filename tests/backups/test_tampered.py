"""A backup that is not as it was made is refused with a sentence that says what is wrong, and nothing changes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from copies import an_older_book, at, damage, names, run

pytestmark = pytest.mark.sqlite("backups of a file: a database has tools of its own for that")


@pytest.fixture
def broken(kept: Path) -> Iterator[sqlite3.Connection]:
    """The backup, opened to be tampered with: its triggers are off while this is used, and on when it is verified."""
    with closing(sqlite3.connect(kept, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def put_back(connection: sqlite3.Connection, made_book: Path) -> None:
    with closing(sqlite3.connect(made_book)) as sound:
        for (text,) in sound.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'"):
            connection.execute(text)


def refusal(file: Path, store: Path) -> str:
    """Return with what words the file is refused, by both who verifies and who restores."""
    before = (store.read_bytes(), names(store.parent))
    restored, verified = run("restore", file, *at(store)), run("restore", file, "--verify-only")
    assert (restored.exit_code, verified.exit_code) == (1, 1), restored.output + verified.output
    assert restored.stderr.startswith("Error: ")
    assert (store.read_bytes(), names(store.parent)) == before
    return restored.stderr


def test_a_flipped_byte_in_a_page_is_found(book: Path, kept: Path) -> None:
    damage(kept, page=5)

    assert "damaged" in refusal(kept, book)


def test_a_backup_that_was_cut_off_is_found(book: Path, kept: Path) -> None:
    with kept.open("r+b") as file:
        file.truncate(kept.stat().st_size // 2)

    assert "SQLite" in refusal(kept, book)


def test_a_changed_audit_row_is_found(book: Path, kept: Path, broken: sqlite3.Connection, made_book: Path) -> None:
    broken.execute("UPDATE audit SET after = '{}' WHERE operation = 'CreateKey'")
    put_back(broken, made_book)

    assert "The audit of 'Lakeside' is broken at row 2" in refusal(kept, book)


def test_a_broken_counter_is_found(book: Path, kept: Path, broken: sqlite3.Connection, made_book: Path) -> None:
    broken.execute("UPDATE group_appointments SET active_attendees = active_attendees - 1 WHERE active_attendees = 3")
    put_back(broken, made_book)

    assert "it counts other seats as taken than its attendees take" in refusal(kept, book)


def test_a_value_that_no_hash_can_be_made_of_is_found(
    book: Path, kept: Path, broken: sqlite3.Connection, made_book: Path
) -> None:
    broken.execute("UPDATE audit SET at = x'00', before = x'00'")
    put_back(broken, made_book)

    assert "holds what its columns do not take" in refusal(kept, book)


def test_a_backup_whose_triggers_were_dropped_is_refused(book: Path, kept: Path, broken: sqlite3.Connection) -> None:
    assert "The trigger" in (told := refusal(kept, book))
    assert "is missing" in told


def test_a_backup_of_a_newer_version_is_refused(book: Path, kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "newer version" in refusal(kept, book)


@pytest.mark.parametrize("content", [b"", b"Dear patient,\n" * 1000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_file_that_is_no_book_is_refused(book: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "letter").write_bytes(content)

    assert "atabase" in refusal(tmp_path / "letter", book)


def test_a_database_of_another_program_is_refused(book: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE notes (x)")

    assert "no store of this program" in refusal(tmp_path / "other.db", book)


def test_a_wrong_counter_of_an_earlier_version_is_told_and_not_put_right_in_silence(book: Path, tmp_path: Path) -> None:
    older = an_older_book(tmp_path / "older.db")
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("UPDATE group_appointments SET active_attendees = 2")

    assert "it counts other seats as taken" in refusal(older, book)


def test_a_view_in_the_place_of_a_table_is_not_asked(book: Path, kept: Path, broken: sqlite3.Connection) -> None:
    """It might never answer."""
    broken.execute("PRAGMA foreign_keys=OFF")
    broken.execute("DROP TABLE audit")
    broken.execute(
        "CREATE VIEW audit AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    )

    assert "no store of this program" in refusal(kept, book)
