"""The commands, except the one that serves: what they print, what they make, and how they refuse."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gappt_graphql import __version__
from gappt_graphql.cli import main


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def listed_keys(url: str, *flags: str) -> str:
    return run("key", "list", "--account", "Riverside", *flags, "--database-url", url).stdout


def new_key(url: str, *, account: str = "Riverside", scopes: str = "read,write") -> str:
    made = run("key", "create", "--account", account, "--scopes", scopes, "--json", "--database-url", url)
    assert made.exit_code == 0, made.output
    return str(json.loads(made.stdout)["key"])


@pytest.mark.parametrize(
    "command",
    [
        "serve",
        "migrate",
        "account create",
        "account list",
        "key create",
        "key list",
        "key revoke",
        "calendar create",
        "calendar list",
        "calendar revoke",
        "audit verify",
        "audit export",
        "backup",
        "restore",
        "schema",
        "demo",
        "import",
        "export",
        "settings",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    shown = run(*command.split(), "--help")

    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()[2].strip()) > 15


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'strawberry', 'sqlalchemy', 'starlette', 'alembic'}"
    program = f"import sys, gappt_graphql.cli; print({heavy} & set(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "set()"


def test_the_module_is_the_command_too() -> None:
    command = [sys.executable, "-m", "gappt_graphql", "--version"]

    assert __version__ in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_key_is_made_with_its_account_where_there_is_none(url: str) -> None:
    key = new_key(url)

    accounts = json.loads(run("account", "list", "--json", "--database-url", url).stdout)
    assert key.startswith("gappt_")
    assert [account["name"] for account in accounts] == ["Riverside"]


def test_a_second_key_is_made_in_the_same_account(url: str) -> None:
    assert new_key(url) != new_key(url)

    keys = json.loads(run("key", "list", "--account", "Riverside", "--json", "--database-url", url).stdout)
    assert len(keys) == 2
    assert len(json.loads(run("account", "list", "--json", "--database-url", url).stdout)) == 1


def test_without_json_the_key_is_on_a_line_of_its_own_and_the_hint_is_apart(url: str) -> None:
    made = run("key", "create", "--account", "Riverside", "--database-url", url)

    assert made.stdout.startswith("gappt_")
    assert len(made.stdout.splitlines()) == 1
    assert "the one time" in made.stderr


def test_the_list_of_keys_shows_the_last_four_characters_and_no_more(url: str) -> None:
    key = new_key(url, scopes="read")

    listed = run("key", "list", "--account", "Riverside", "--database-url", url).stdout

    assert f"…{key[-4:]}  read " in listed
    assert key[-5:] not in listed


def test_a_key_is_for_a_server_unless_it_is_made_for_a_browser(url: str) -> None:
    new_key(url)
    made = run("key", "create", "--account", "Riverside", "--for", "browser", "--database-url", url)

    assert made.exit_code == 0
    assert [key["for"] for key in json.loads(listed_keys(url, "--json"))] == ["server", "browser"]
    assert "for a browser" in listed_keys(url).splitlines()[1]


def test_a_key_for_anything_else_is_refused(url: str) -> None:
    assert run("key", "create", "--account", "Riverside", "--for", "phone", "--database-url", url).exit_code == 2


def test_a_key_has_the_limits_that_it_was_made_with(url: str) -> None:
    run("key", "create", "--account", "Riverside", "--database-url", url)
    limits = ("--rate-limit", "600", "--cost-budget", "0")
    assert run("key", "create", "--account", "Riverside", *limits, "--database-url", url).exit_code == 0

    assert [(key["rateLimit"], key["costBudget"]) for key in json.loads(listed_keys(url, "--json"))] == [
        (None, None),
        (600, 0),
    ]
    assert "600 requests a minute  any number of points a minute" in listed_keys(url)


def test_a_revoked_key_is_listed_as_revoked(url: str) -> None:
    new_key(url)
    [key] = json.loads(run("key", "list", "--account", "Riverside", "--json", "--database-url", url).stdout)

    revoked = run("key", "revoke", key["id"], "--account", "Riverside", "--database-url", url)

    [key] = json.loads(run("key", "list", "--account", "Riverside", "--json", "--database-url", url).stdout)
    assert revoked.exit_code == 0
    assert key["revokedAt"]


def test_a_key_of_another_account_cannot_be_revoked(url: str) -> None:
    new_key(url)
    new_key(url, account="Lakeside")
    [key] = json.loads(run("key", "list", "--account", "Lakeside", "--json", "--database-url", url).stdout)

    refused = run("key", "revoke", key["id"], "--account", "Riverside", "--database-url", url)

    assert refused.exit_code == 1
    assert refused.stderr == f"Error: The account 'Riverside' has no key with the id {key['id']}\n"


@pytest.mark.parametrize("scopes", ["", "admin", "read,admin", "read write"])
def test_a_key_of_unknown_scopes_is_refused_and_no_account_is_made(url: str, scopes: str) -> None:
    refused = run("key", "create", "--account", "Riverside", "--scopes", scopes, "--database-url", url)

    assert refused.exit_code == 2
    assert "--scopes takes read or write" in refused.stderr
    assert run("account", "list", "--json", "--database-url", url).exit_code == 1


def test_an_account_is_made_once(url: str) -> None:
    assert run("account", "create", "Riverside", "--database-url", url).exit_code == 0

    again = run("account", "create", "Riverside", "--database-url", url)

    assert (again.exit_code, again.stderr) == (1, "Error: There is an account named 'Riverside' already\n")


def test_an_account_without_a_name_is_refused(url: str) -> None:
    refused = run("account", "create", "  ", "--database-url", url)

    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1


def test_an_unknown_account_is_told_with_those_there_are(url: str) -> None:
    new_key(url)

    refused = run("key", "list", "--account", "Riverbed", "--database-url", url)

    assert refused.exit_code == 1
    assert refused.stderr == "Error: There is no account named 'Riverbed'; there are: 'Riverside'\n"


def test_the_database_is_readable_by_its_owner_only(url: str, tmp_path: Path) -> None:
    new_key(url)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes["book.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_listing_makes_no_database(url: str, tmp_path: Path) -> None:
    refused = run("account", "list", "--database-url", url)

    assert refused.exit_code == 1
    assert "There is no database" in refused.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["migrate", "account create X", "key create --account X", "demo --account X"])
def test_a_file_that_is_no_database_is_left_as_it_is(command: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Buy milk, call the plumber")

    refused = run(*command.split(), "--database-url", f"sqlite:///{notes}")

    assert (refused.exit_code, refused.stderr) == (1, f"Error: {notes} is not a SQLite database\n")
    assert notes.read_text() == "Buy milk, call the plumber"


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    refused = run("migrate", "--database-url", f"sqlite:///{tmp_path}/nowhere/book.db")

    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"Error: There is no folder {tmp_path}/nowhere")


def test_a_database_that_cannot_be_reached_is_told_in_a_sentence_without_its_password() -> None:
    refused = run("migrate", "--database-url", "postgresql://robin:kept-secret@127.0.0.1:1/book")

    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: The database can't be reached")
    assert "secret" not in refused.output


def test_an_address_whose_password_breaks_it_is_told_without_any_part_of_it() -> None:
    refused = run("migrate", "--database-url", "postgresql://robin:kept/secret@127.0.0.1:1/book")

    assert refused.exit_code == 1
    assert "can't be read" in refused.stderr
    assert "secret" not in refused.output
    assert "kept" not in refused.output


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_is_left_to_its_own_tools_to_back_up(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    refused = run(command, str(tmp_path / "file"), "--database-url", "postgresql://robin:kept-secret@127.0.0.1:1/book")

    assert refused.exit_code == 2
    assert "pg_dump" in refused.stderr
    assert "secret" not in refused.output


def test_migrating_twice_says_that_there_is_nothing_to_do(url: str) -> None:
    first = run("migrate", "--database-url", url)
    second = run("migrate", "--database-url", url)

    assert first.stdout.endswith("is up to date.\n")
    assert second.stdout.endswith("is up to date already.\n")


def test_the_settings_tell_where_each_comes_from() -> None:
    shown = run("settings", "--json", "--port", "9001", GAPPT_HOST="localhost")

    by_name = {one["name"]: (one["value"], one["source"]) for one in json.loads(shown.stdout)}
    assert by_name["GAPPT_PORT"] == (9001, "flag")
    assert by_name["GAPPT_HOST"] == ("localhost", "environment")
    assert by_name["GAPPT_RATE_LIMIT"] == (None, "default")


def test_a_setting_that_cannot_be_is_one_sentence_and_exit_code_2() -> None:
    refused = run("settings", GAPPT_PORT="eighty")

    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: GAPPT_PORT can't be 'eighty', which comes from the environment")
    assert refused.stderr.count("\n") == 1


def test_the_schema_is_printed() -> None:
    shown = run("schema")

    assert shown.exit_code == 0
    assert "type GroupAppointment" in shown.stdout


def test_the_schema_is_printed_as_it_is_served() -> None:
    by_flag, by_environment = run("schema", "--directory", "elsewhere"), run("schema", GAPPT_DIRECTORY="elsewhere")

    assert "\n  patients(" in run("schema").stdout
    assert "\n  patients(" not in by_flag.stdout
    assert by_flag.stdout == by_environment.stdout


def test_records_come_back_from_an_export_as_they_went_in(url: str, tmp_path: Path) -> None:
    records, copied = tmp_path / "records.jsonl", tmp_path / "copied.jsonl"
    assert run("demo", "--account", "Riverside", "--database-url", url).exit_code == 0
    assert run("export", str(records), "--account", "Riverside", "--database-url", url).exit_code == 0

    imported = run("import", str(records), "--account", "Copy", "--database-url", url)
    run("export", str(copied), "--account", "Copy", "--database-url", url)

    assert imported.exit_code == 0, imported.stderr
    assert copied.read_text() == records.read_text()
    assert stat.S_IMODE(records.stat().st_mode) == 0o600


def test_a_demo_is_not_mixed_with_what_an_account_has(url: str) -> None:
    run("demo", "--account", "Riverside", "--database-url", url)

    refused = run("demo", "--account", "Riverside", "--database-url", url)

    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "has records already" in refused.stderr


@pytest.mark.parametrize("command", ["export", "audit export"])
def test_an_export_puts_no_file_in_the_place_of_a_device_or_a_link(url: str, tmp_path: Path, command: str) -> None:
    run("demo", "--account", "Riverside", "--database-url", url)
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    link.symlink_to(target)

    refused = run(*command.split(), str(pipe), "--account", "Riverside", "--database-url", url)
    written = run(*command.split(), str(link), "--account", "Riverside", "--database-url", url)

    assert (refused.exit_code, written.exit_code) == (1, 0)
    assert "is no plain file" in refused.stderr
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert target.stat().st_size > 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_backup_that_has_no_place_names_the_file_that_was_given(url: str, tmp_path: Path) -> None:
    new_key(url)
    file = tmp_path / "nowhere" / "backup.db"

    refused = run("backup", str(file), "--database-url", url)

    assert refused.exit_code == 1
    assert f"{file} can't be used" in refused.stderr


def test_a_dash_exports_to_the_standard_output(url: str, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    run("demo", "--account", "Riverside", "--database-url", url)
    run("export", str(records), "--account", "Riverside", "--database-url", url)

    shown = run("export", "-", "--account", "Riverside", "--database-url", url)

    assert shown.stdout == records.read_text()


def test_bad_records_are_told_by_line_and_nothing_is_imported(url: str, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text('{"patients": []}\n{"patient')

    refused = run("import", str(records), "--account", "Riverside", "--database-url", url)

    assert refused.exit_code == 1
    assert "records.jsonl:2: " in refused.stderr
    assert "Nothing was imported" in refused.stderr
    assert "Traceback" not in refused.output
    assert "Riverside" not in run("account", "list", "--database-url", url).output


def test_traces_need_a_package_and_serve_says_which(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.protobuf", None)

    refused = run("serve", "--federation-tracing", "on", "--database-url", url)

    assert refused.exit_code == 2
    assert refused.stderr == (
        "Error: --federation-tracing on needs a package that is not installed: "
        "pip install 'gappt-graphql[federation-tracing]'\n"
    )


def test_an_audit_that_is_as_it_was_written_is_verified(url: str) -> None:
    new_key(url)
    new_key(url, account="Lakeside")

    verified = run("audit", "verify", "--database-url", url)

    assert verified.exit_code == 0
    assert [line.partition(" Last hash")[0] for line in verified.stdout.splitlines()] == [
        "'Lakeside': 2 rows, as they were written.",
        "'Riverside': 2 rows, as they were written.",
    ]


def test_an_audit_that_was_changed_is_told_with_the_place_and_exit_code_1(url: str, tmp_path: Path) -> None:
    new_key(url)
    new_key(url, account="Lakeside")
    with closing(sqlite3.connect(tmp_path / "book.db")) as book, book:
        book.execute("DROP TRIGGER audit_no_update")
        book.execute("UPDATE audit SET after = '{}' WHERE operation = 'CreateKey' AND account_id = (SELECT account_id"
                     " FROM accounts WHERE name = 'Riverside')")  # fmt: skip

    verified = run("audit", "verify", "--database-url", url)
    other = run("audit", "verify", "--account", "Lakeside", "--database-url", url)

    assert verified.exit_code == 1
    assert "'Riverside': broken at row 2: " in verified.stderr
    assert "'Lakeside'" in verified.stdout
    assert other.exit_code == 0


def test_an_audit_is_written_out_as_lines_of_json(url: str, tmp_path: Path) -> None:
    new_key(url)

    printed = run("audit", "export", "--account", "Riverside", "--database-url", url)
    kept = run("audit", "export", str(tmp_path / "audit.jsonl"), "--account", "Riverside", "--database-url", url)

    assert (printed.exit_code, kept.exit_code) == (0, 0)
    assert [json.loads(line)["operation"] for line in printed.stdout.splitlines()] == ["CreateAccount", "CreateKey"]
    assert (tmp_path / "audit.jsonl").read_text() == printed.stdout
    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o600
