"""Commands that fill an account's book or write it out: demo, import, export."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from gappt_graphql.cli.common import (
    Failed,
    Misused,
    account_name,
    as_json,
    chosen,
    print_json,
    progress,
    setting_flags,
)

if TYPE_CHECKING:
    from gappt_graphql.demo import Size
    from gappt_graphql.importing import Imported

# More refused lines than this help nobody to begin; the last sentence tells how many there are.
_LINES_SHOWN = 20


@click.command()
@click.option("--size", type=click.Choice(["small", "large"]), default="small", show_default=True, help="How much.")
@account_name
@as_json
@setting_flags("database_url")
def demo(size: Size, account_name: str, as_json: bool, database_url: str | None) -> None:
    """
    Fill an account with the demo practice.

    It is the same every time. The account is made where there is none. Refused while a server holds an embedded store.

    small: enough to look around. large: 50 practitioners, 5 businesses in 5 time zones, 20,000 patients,
    20,000 appointments over two years.
    """
    asyncio.run(_demo(size, account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json({"account": account_name, "size": size})
    else:
        click.echo(f"Filled the account {account_name!r} with the {size} demo practice.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@account_name
@as_json
@setting_flags("database_url")
def import_(file: Path, account_name: str, as_json: bool, database_url: str | None) -> None:
    """
    Read records from FILE into an account.

    The account is made where there is none. FILE is JSON, or JSON Lines: group_appointments, attendees, patients,
    practitioners, businesses, appointment_types and unavailable_blocks, with their ids and timestamps. All of it is
    taken or nothing: bad records are told by line and reason. Importing the same file again changes nothing. Refused
    while a server holds an embedded store.
    """
    from gappt_graphql.importing import BadRecords

    try:
        imported = asyncio.run(_import(file, account_name, chosen(database_url=database_url).database_url))
    except BadRecords as bad:
        if as_json:
            refused = [{"line": line, "reason": reason} for line, reason in bad.lines]
            print_json({"account": account_name, "file": str(file), "imported": False, "refused": refused})
        else:
            for line, reason in bad.lines[:_LINES_SHOWN]:
                click.echo(f"{file.name}:{line}: {reason}", err=True)
        raise Failed(f"Nothing was imported; records refused in {file.name}: {len(bad.lines)}") from None
    if as_json:
        print_json({"account": account_name, "file": str(file), "imported": True} | _counts(imported))
        return
    click.echo(
        f"Imported {file.name}: {imported.created} new, {imported.updated} changed, {imported.unchanged} as before."
    )


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@account_name
@as_json
@setting_flags("database_url")
def export(file: Path, account_name: str, as_json: bool, database_url: str | None) -> None:
    """
    Write an account's records to FILE.

    They are JSON Lines in the shape that import reads. FILE may be - for the standard output. A file is
    readable by its owner only, and appears when it is complete.
    """
    check_the_output(file, as_json=as_json)
    count = asyncio.run(_export(file, account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json({"account": account_name, "file": str(file), "records": count})
    else:
        click.echo(f"Exported {count} records of {account_name!r}.", err=True)


async def _demo(size: Size, account_name: str, url: str) -> None:
    from gappt_graphql import demo
    from gappt_graphql.cli.moment import new_ids, now
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import access

    ids, moment = new_ids(), now()
    async with opened(url, alone=True) as store:
        account = await access.ensure_account(store, name=account_name, now=moment, ids=ids)
        try:
            with progress("Filling") as show:
                await demo.fill(store, account=account, size=size, now=moment, ids=ids, progress=show)
        except demo.NotEmpty:
            raise Failed(f"The account {account_name!r} has records already: choose another account") from None


async def _import(file: Path, account_name: str, url: str) -> Imported:
    from gappt_graphql import importing
    from gappt_graphql.cli.moment import new_ids, now
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import access

    ids, moment = new_ids(), now()
    async with opened(url, alone=True) as store:
        wanted = access.new_account(name=account_name, now=moment, ids=ids)
        known = await store.account_named(wanted.name)
        with progress("Importing") as show:
            return await importing.import_file(
                store,
                account=known or wanted,
                new_account=known is None,
                path=file,
                now=moment,
                ids=ids,
                progress=show,
            )


def _counts(imported: Imported) -> dict[str, object]:
    kinds = {kind: [one.created, one.updated, one.unchanged] for kind, one in imported.by_kind.items()}
    names = ("created", "updated", "unchanged")
    total = dict(zip(names, (imported.created, imported.updated, imported.unchanged), strict=True))
    return {**total, "kinds": {kind: dict(zip(names, each, strict=True)) for kind, each in kinds.items()}}


async def _export(file: Path, account_name: str, url: str) -> int:
    from gappt_graphql import exporting
    from gappt_graphql.cli.opening import account_named, opened

    async with opened(url, create=False) as store:
        account = await account_named(store, account_name)
        with complete_or_absent(file) as out, progress("Exporting") as show:
            return await exporting.export(store, account=account, out=out, progress=show)


def check_the_output(file: Path, *, as_json: bool) -> None:
    """
    Look whether the standard output is free for what --json tells of an export.

    :raises Misused: if the export itself goes there
    """
    if as_json and str(file) == "-":
        raise Misused("--json tells of a file, and the standard output can't be both: give FILE a name")


@contextmanager
def complete_or_absent(file: Path) -> Iterator[TextIO]:
    """Open a file that appears under its name, 0600, only when all of it is written; `-` is the standard output."""
    if str(file) == "-":
        yield sys.stdout
        return
    if file.exists() and not file.is_file():  # root would put a file in the place of a device
        raise Failed(f"{file} is no plain file: give another name, or - for the standard output")
    file = file.resolve()  # what a link leads to is written, not the link
    try:
        descriptor, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # made 0600
    except OSError as error:
        raise Failed(f"{file} can't be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
        os.replace(unfinished, file)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
