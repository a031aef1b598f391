"""Reading the audit: is it as it was written, and all of it, for whoever asks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gappt_graphql.cli.common import Failed, account_name, as_json, chosen, print_json, setting_flags
from gappt_graphql.cli.records import check_the_output, complete_or_absent

if TYPE_CHECKING:
    from gappt_graphql.practice.auditing import Verified


@click.group()
def audit() -> None:
    """
    Verify the audit, or write it out.

    It tells who did what and when, to every record. Each row's hash covers the row before it.
    """


@audit.command("verify")
@click.option("--account", "account_name", metavar="NAME", help="The account's name; without it, every account.")
@as_json
@setting_flags("database_url")
def verify(account_name: str | None, as_json: bool, database_url: str | None) -> None:
    """
    Tell whether the audit is as it was written: exit code 1 if it is not, and where it breaks.

    Note the last hash elsewhere: while the audit goes on from it, nothing before it has changed.
    """
    found = asyncio.run(_verify(account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json({"accounts": [_as_json(name, one) for name, one in found]})
    else:
        _tell(found)
    if any(one.reason is not None for _, one in found):
        raise Failed("The audit is not as it was written")


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default="-")
@account_name
@click.option("--format", type=click.Choice(["jsonl"]), default="jsonl", show_default=True, help="JSON Lines.")
@as_json
@setting_flags("database_url")
def export(file: Path, account_name: str, format: str, as_json: bool, database_url: str | None) -> None:
    """
    Write an account's audit to FILE, oldest row first.

    FILE may be - for the standard output, and is that without one. A file is readable by its owner only, and appears
    when it is complete. It holds patients' names and notes.
    """
    check_the_output(file, as_json=as_json)
    count = asyncio.run(_export(file, account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json({"account": account_name, "file": str(file), "rows": count})
    else:
        click.echo(f"Exported {count} rows of the audit of {account_name!r}.", err=True)


def _tell(found: list[tuple[str, Verified]]) -> None:
    for name, one in found:
        if one.reason is None:
            click.echo(f"{name!r}: {one.rows} rows, as they were written. Last hash: {one.last_hash or 'none'}")
        else:
            click.echo(f"{name!r}: broken at row {one.broken_at}: {one.reason}.", err=True)


def _as_json(name: str, one: Verified) -> dict[str, object]:
    return {
        "name": name,
        "sound": one.reason is None,
        "rows": one.rows,
        "lastHash": one.last_hash or None,
        "brokenAt": one.broken_at,
        "reason": one.reason,
    }


async def _verify(account_name: str | None, url: str) -> list[tuple[str, Verified]]:
    from gappt_graphql.cli.opening import account_named, opened
    from gappt_graphql.practice import auditing

    async with opened(url, create=False) as store:
        accounts = await store.accounts() if account_name is None else [await account_named(store, account_name)]
        return [(one.name, await auditing.verify(store, account=one.id)) for one in accounts]


async def _export(file: Path, account_name: str, url: str) -> int:
    from gappt_graphql.cli.opening import account_named, opened
    from gappt_graphql.practice import auditing

    async with opened(url, create=False) as store:
        account = await account_named(store, account_name)
        with complete_or_absent(file) as out:
            return await auditing.export(store, account=account.id, out=out)
