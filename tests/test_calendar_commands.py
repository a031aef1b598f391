"""The commands that make, list and revoke secret addresses of calendars."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gappt_graphql.cli import main

CLINIC = Path(__file__).parent / "data" / "clinic.json"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a practice in it."""
    url = f"sqlite:///{tmp_path / 'book.db'}"
    made = CliRunner().invoke(main, ["key", "create", "--account", "Riverside", "--database-url", url])
    assert made.exit_code == 0, made.output
    imported = CliRunner().invoke(main, ["import", str(CLINIC), "--account", "Riverside", "--database-url", url])
    assert imported.exit_code == 0, imported.output
    return url


def calendar(url: str, *arguments: str, account: str = "Riverside") -> Result:
    return CliRunner().invoke(main, ["calendar", *arguments, "--account", account, "--database-url", url])


def test_an_address_is_made_and_shown_once(url: str) -> None:
    made = calendar(url, "create", "--practitioner", "21", "--at", "https://practice.example/")

    address = made.stdout.strip()
    assert address.startswith("https://practice.example/calendars/practitioners/21.ics?token=gapptcal_")
    assert made.stderr.startswith("Keep it")
    listed = calendar(url, "list").stdout
    assert f"…{address[-4:]}  of practitioner 21  since " in listed
    assert address.partition("token=")[2] not in listed


def test_without_the_place_of_the_service_the_rest_is_shown_and_said_to_be(url: str) -> None:
    made = calendar(url, "create", "--business", "11")

    assert made.stdout.startswith("/calendars/businesses/11.ics?token=")
    assert made.stderr.startswith("Put the address of the service before it")


def test_what_is_made_and_listed_can_be_json(url: str) -> None:
    address = json.loads(calendar(url, "create", "--business", "11", "--json").stdout)["address"]

    [feed] = json.loads(calendar(url, "list", "--json").stdout)
    assert feed == {
        "id": feed["id"],
        "lastFour": address[-4:],
        "practitionerId": None,
        "businessId": "11",
        "createdAt": feed["createdAt"],
        "revokedAt": None,
    }


def test_an_address_is_revoked(url: str) -> None:
    calendar(url, "create", "--business", "11")
    [feed] = json.loads(calendar(url, "list", "--json").stdout)

    first, second = [calendar(url, "revoke", feed["id"]) for _ in range(2)]

    assert first.stdout == second.stdout == f"The calendar address {feed['id']} is revoked.\n"
    assert json.loads(calendar(url, "list", "--json").stdout)[0]["revokedAt"]
    assert "  revoked 20" in calendar(url, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["create"], 2, "give --practitioner or --business"),
        (["create", "--practitioner", "21", "--business", "11"], 2, "give --practitioner or --business"),
        (["create", "--practitioner", "9"], 1, "There is no such practitioner"),
        (["create", "--business", "21"], 1, "There is no such business"),
        (["revoke", "9"], 1, "has no calendar address with the id 9"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(url: str, arguments: list[str], code: int, sentence: str) -> None:
    refused = calendar(url, *arguments)

    assert refused.exit_code == code
    assert sentence in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_an_account_that_is_not_there_has_no_calendars(url: str) -> None:
    refused = calendar(url, "list", account="Nobody's")

    assert (refused.exit_code, refused.stderr.partition(";")[0]) == (1, 'Error: There is no account named "Nobody\'s"')
    assert "No calendars yet" in calendar(url, "list").stdout
