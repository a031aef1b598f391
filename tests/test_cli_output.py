"""What commands print for machines and for people: JSON, exit codes, and how far they are. docs/cli.md says so."""

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from gappt_graphql.cli import main

PAGE = (Path(__file__).parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.+?) \| (an object|a list) \| (.+) \|$", PAGE, re.MULTILINE)
SHAPES = {
    name: (prints == "a list", set(re.findall(r"`([^`]+)`", fields)))
    for names, prints, fields in ROWS
    for name in (re.findall(r"`([^`]+)`", names) if "refused" not in names else [names.replace("`", "")])
}
COMMAND = [sys.executable, "-m", "gappt_graphql"]
MAPS = {"auditHashes", "kinds", "tables"}
"""Fields whose own fields are names of what is there."""
UNBOUND = {"serve", "schema"}
"""Commands that print no facts: one serves, the other prints a text of a language of its own."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture
def practice(url: str) -> str:
    """The address of a store with the demo practice in the account Riverside."""
    assert run("demo", "--account", "Riverside", "--database-url", url).exit_code == 0
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def printed(*arguments: str, code: int = 0) -> Any:
    """Return what the command prints with --json, which is all of its standard output."""
    done = run(*arguments, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def fields(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of all that is no object and no list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            step = "*" if path.removesuffix("[]").rpartition(".")[2] in MAPS else name
            yield from fields(inner, f"{path}.{step}" if path else step)
    elif isinstance(value, list):
        for inner in value or [None]:
            yield from fields(inner, f"{path}[]")
    else:
        yield path


def holds(name: str, value: Any) -> None:
    """Compare what was printed with the page's row of this name."""
    is_list, known = SHAPES[name]
    assert isinstance(value, list) == is_list
    for one in value if is_list else [value]:
        assert set(fields(one)) == known


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def test_every_command_that_tells_facts_tells_them_as_json_in_a_shape_of_the_page() -> None:
    for_machines = {name for name, command in commands(main) if any(one.name == "as_json" for one in command.params)}

    assert for_machines == {name for name, _ in commands(main)} - UNBOUND
    assert for_machines <= SHAPES.keys()


def test_accounts_and_keys_are_told_as_the_page_says(url: str) -> None:
    at = ("--database-url", url)
    holds("account create", printed("account", "create", "Riverside", *at))
    holds("account list", printed("account", "list", *at))
    made = printed("key", "create", "--account", "Riverside", *at)
    holds("key create", made)
    listed = printed("key", "list", "--account", "Riverside", *at)
    holds("key list", listed)
    revoked = printed("key", "revoke", made["id"], "--account", "Riverside", *at)
    holds("key revoke", revoked)

    assert (listed[0]["id"], listed[0]["revokedAt"]) == (made["id"], None)
    assert revoked["revokedAt"] is not None
    assert made["key"] not in json.dumps([listed, revoked])


def test_calendars_are_told_as_the_page_says(practice: str) -> None:
    at = ("--account", "Riverside", "--database-url", practice)
    made = printed("calendar", "create", "--practitioner", "1", *at)
    holds("calendar create", made)
    holds("calendar list", printed("calendar", "list", *at))
    holds("calendar revoke", printed("calendar", "revoke", made["id"], *at))

    assert printed("calendar", "list", *at)[0]["revokedAt"] is not None


def test_webhooks_are_told_as_the_page_says(practice: str, tmp_path: Path) -> None:
    at = ("--account", "Riverside", "--database-url", practice)
    made = printed("webhook", "create", "https://93.184.215.14/hook", *at)
    holds("webhook create", made)
    holds("webhook list", printed("webhook", "list", *at))
    holds("webhook rotate", printed("webhook", "rotate", made["id"], *at))
    holds("webhook pause", printed("webhook", "pause", made["id"], *at))
    holds("webhook resume", printed("webhook", "resume", made["id"], *at))
    holds("webhook test", printed("webhook", "test", made["id"], *at))
    with closing(sqlite3.connect(tmp_path / "book.db")) as book, book:
        book.execute("UPDATE webhook_deliveries SET state = 'DEAD', due_at = NULL")
    dead = printed("webhook", "dead", made["id"], *at)
    holds("webhook dead", dead)
    replayed = printed("webhook", "replay", made["id"], *at)
    holds("webhook replay", replayed)
    holds("webhook delete", printed("webhook", "delete", made["id"], *at))

    assert (len(dead), replayed["due"]) == (1, 1)
    assert printed("webhook", "list", *at) == []


def test_the_audit_is_told_as_the_page_says(practice: str, tmp_path: Path) -> None:
    at = ("--database-url", practice)
    verified = printed("audit", "verify", *at)
    holds("audit verify", verified)
    exported = printed("audit", "export", str(tmp_path / "audit.jsonl"), "--account", "Riverside", *at)
    holds("audit export", exported)

    assert verified["accounts"][0]["sound"] is True
    assert exported["rows"] == len((tmp_path / "audit.jsonl").read_text().splitlines())


def test_copies_of_a_store_are_told_as_the_page_says(practice: str, tmp_path: Path) -> None:
    file, other = str(tmp_path / "copy.db"), f"sqlite:///{tmp_path / 'other.db'}"
    holds("backup", printed("backup", file, "--database-url", practice))
    verified = printed("restore", file, "--verify-only", "--database-url", practice)
    holds("restore", verified)
    restored = printed("restore", file, "--database-url", practice)
    holds("restore", restored)
    holds("copy", printed("copy", "--from", practice, "--to", other))

    assert (verified["restored"], verified["kept"]) == (False, None)
    assert restored["restored"]
    assert Path(restored["kept"]).exists()


def test_records_that_come_and_go_are_told_as_the_page_says(url: str, tmp_path: Path) -> None:
    at, records = ("--database-url", url), str(tmp_path / "records.jsonl")
    holds("migrate", printed("migrate", *at))
    holds("demo", printed("demo", "--account", "Riverside", *at))
    exported = printed("export", records, "--account", "Riverside", *at)
    holds("export", exported)
    imported = printed("import", records, "--account", "Copy", *at)
    holds("import", imported)
    (tmp_path / "bad.jsonl").write_text('{"type": "patient", "id": "0"}\n')
    refused = printed("import", str(tmp_path / "bad.jsonl"), "--account", "Copy", *at, code=1)
    holds("import, refused", refused)

    assert imported["created"] == exported["records"] == len(Path(records).read_text().splitlines())
    assert refused["refused"][0]["line"] == 1
    assert printed("migrate", *at)["migrated"] is False


def test_settings_are_told_as_the_page_says() -> None:
    holds("settings", printed("settings"))


@pytest.mark.parametrize("command", ["export", "audit export"])
def test_json_and_records_do_not_share_the_standard_output(practice: str, command: str) -> None:
    refused = run(*command.split(), "-", "--account", "Riverside", "--json", "--database-url", practice)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1


def test_an_unsound_audit_is_told_as_json_with_exit_code_1(practice: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "book.db")) as book, book:
        book.execute("DROP TRIGGER audit_no_update")
        book.execute("UPDATE audit SET after = '{}' WHERE number = (SELECT min(number) FROM audit)")

    [account] = printed("audit", "verify", "--database-url", practice, code=1)["accounts"]

    assert (account["sound"], account["brokenAt"]) == (False, 1)
    assert account["reason"]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, "account list"),
        (0, "--version"),
        (1, "key list --account Nobody"),
        (1, "demo --account Riverside"),
        (2, "key list"),
        (2, "settings --port eighty"),
        (2, "copy --from sqlite:///book.db"),
        (2, "nothing"),
    ],
)
def test_a_command_ends_with_the_code_that_the_page_says(practice: str, code: int, arguments: str) -> None:
    words = arguments.split()
    takes_store = words[0] not in ("--version", "settings", "copy", "nothing")

    assert run(*words, *(("--database-url", practice) if takes_store else ())).exit_code == code
    assert re.search(rf"^\| {code} \|", PAGE, re.MULTILINE)


def on_a_terminal(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command whose standard error is a terminal. Return its code, its standard output, and what is seen."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", **environment}
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # the end of a terminal, on Linux
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out.decode(), seen.decode()


@pytest.mark.parametrize("command", ["demo", "export", "import", "copy", "backup", "restore"])
def test_a_long_command_shows_on_a_terminal_how_far_it_is(url: str, tmp_path: Path, command: str) -> None:
    file, at = str(tmp_path / "file"), ("--database-url", url)
    arguments = {
        "demo": ("demo", "--account", "Riverside", *at),
        "export": ("export", file, "--account", "Riverside", *at),
        "import": ("import", file, "--account", "Copy", *at),
        "copy": ("copy", "--from", url, "--to", f"sqlite:///{file}.db"),
        "backup": ("backup", file, *at),
        "restore": ("restore", file, *at),
    }
    needed = {"demo": (), "import": ("demo", "export"), "restore": ("demo", "backup")}
    for before in needed.get(command, ("demo",)):
        assert run(*arguments[before]).exit_code == 0

    code, out, seen = on_a_terminal(*arguments[command], "--json")

    assert code == 0
    assert json.loads(out)
    assert "100%" in seen
    assert "\x1b" not in seen


def test_a_long_command_shows_nothing_of_that_in_a_pipe(url: str) -> None:
    arguments = ("demo", "--account", "Riverside", "--json", "--database-url", url)
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=True)

    assert done.stderr == ""
    assert json.loads(done.stdout) == {"account": "Riverside", "size": "small"}


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colours", "no colours"])
def test_no_command_colours_what_it_says(url: str, environment: dict[str, str]) -> None:
    code, out, seen = on_a_terminal("key", "list", "--account", "Nobody", "--database-url", url, **environment)

    assert (code, out) == (1, "")
    assert "Error: There is no database" in seen
    assert "\x1b" not in seen


def test_ctrl_c_ends_a_long_command_with_code_1_and_leaves_nothing(url: str) -> None:
    arguments = ("demo", "--size", "large", "--account", "Riverside", "--database-url", url)
    process = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, text=True)
    path = Path(url.removeprefix("sqlite:///"))
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)

    assert (process.returncode, complaint.strip()) == (1, "Aborted!")
    assert run("export", "-", "--account", "Riverside", "--database-url", url).stdout == ""
