"""The commands of webhooks, as people read them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gappt_graphql.cli import main


@pytest.fixture
def at(tmp_path: Path) -> tuple[str, ...]:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    assert run("account", "create", "Riverside", "--database-url", url).exit_code == 0
    return "--account", "Riverside", "--database-url", url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["webhook", *arguments] if arguments[0] != "account" else arguments)


def test_a_secret_is_all_that_the_standard_output_has(at: tuple[str, ...]) -> None:
    made = run("create", "https://receiver.example/hook", *at)

    assert (made.exit_code, made.stdout[:6], made.stdout.count("\n")) == (0, "whsec_", 1)
    assert "the one time that it is shown" in made.stderr


def test_a_list_tells_how_each_webhook_is(at: tuple[str, ...]) -> None:
    assert run("list", *at).stdout == "No webhooks yet: `gappt-graphql webhook create` makes one.\n"
    run("create", "https://receiver.example/hook", *at)

    listed = run("list", *at).stdout

    assert listed.split()[1:] == ["active", "0", "waiting", "https://receiver.example/hook"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "http://receiver.example"), "The URL must be https: this server sends nothing unencrypted"),
        (("create", "https://10.0.0.1"), "The URL's address is not public, and this server sends nothing there"),
        (("create", "https://receiver.example", "--practitioner", "7"), "There is no such practitioner"),
        (("pause", "7"), "There is no such webhook"),
        (("replay", "7", "8"), "There is no such webhook"),
        (("dead", "7"), "There is no such webhook"),
    ],
)
def test_what_is_refused_is_told_in_a_sentence(at: tuple[str, ...], arguments: tuple[str, ...], sentence: str) -> None:
    refused = run(*arguments, *at)

    assert (refused.exit_code, refused.stderr) == (1, f"Error: {sentence}\n")


def test_what_the_settings_allow_is_taken(at: tuple[str, ...]) -> None:
    allowed = ("--webhook-plain", "on", "--webhook-networks", "10.0.0.0/8")

    assert run("create", "http://10.0.0.1/hook", *allowed, *at).exit_code == 0
