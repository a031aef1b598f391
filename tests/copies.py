"""Commands that make and take backups, and what tests look at in their files."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner, Result

from gappt_graphql.cli import main

GAPPT = [sys.executable, "-m", "gappt_graphql"]


def run(*arguments: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def at(path: Path) -> tuple[str, str]:
    """Return the flag that names the store."""
    return "--database-url", f"sqlite:///{path}"


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, as is needed where this one has the store open."""
    return subprocess.run([*GAPPT, *arguments], capture_output=True, text=True, timeout=60)


def backed_up(store: Path, file: Path) -> Path:
    """Back the store up to the file, and return it."""
    made = run("backup", file, *at(store))
    assert made.exit_code == 0, made.output
    return file


def dump(path: Path) -> list[str]:
    """Return all that the file holds, as text."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def names(folder: Path) -> set[str]:
    """Return the files of a folder but the locks, which stay."""
    return {
        each.name for each in folder.iterdir() if not each.name.endswith(("-serving", "-queue", "-writing", "-open"))
    }


def damage(path: Path, *, page: int) -> None:
    """Flip the byte that says what kind of page this is."""
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        [kind] = file.read(1)
        file.seek((page - 1) * 4096)
        file.write(bytes([kind ^ 0xFF]))


def an_older_book(path: Path) -> Path:
    """Make a book as the program of the second revision left it: one appointment, one attendee, one row of audit."""
    from gappt_graphql.store.migrations.upgrading import upgrade

    upgrade(path, "0002")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
        INSERT INTO accounts (account_id, name, last_number, created_at) VALUES (7, 'Riverside', 1, 1);
        INSERT INTO businesses VALUES (7, 1, 'North', 'Europe/London', 'north', 1, 1, NULL);
        INSERT INTO practitioners VALUES (7, 1, 'Robin', 'Hale', NULL, NULL, 1, 'hale', 'robin hale', 1, 1);
        INSERT INTO patients VALUES (7, 1, 'Zoë', 'Lee', NULL, NULL, 'lee', 'zoe lee', 1, 1, NULL);
        INSERT INTO appointment_types VALUES (7, 1, 'Pilates', 60, 8, NULL, NULL, NULL, 0, 'pilates', 1, 1, NULL);
        INSERT INTO group_appointments VALUES (7, 1, 1000000, 2000000, 0, 2, 1, NULL, NULL, 1, 1, 1, NULL, NULL, NULL,
            NULL, NULL, NULL, NULL, NULL, 1, 1, 1, NULL);
        INSERT INTO attendees VALUES (7, 1, 1, 1, NULL, NULL, NULL, NULL, NULL, 1000000, 2000000, 0, 1, 1, 1, NULL);
        INSERT INTO audit VALUES (7, 1, 1, NULL, NULL, 'r', 'Create', 'Patient', 1, NULL, '{}');
        """)
    return path
