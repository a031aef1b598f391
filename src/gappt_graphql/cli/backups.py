"""Commands that keep a copy of the whole store, and put one in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gappt_graphql.cli.common import Failed, Misused, as_json, chosen, print_json, progress, setting_flags

if TYPE_CHECKING:
    from gappt_graphql.store.sqlite.backups import Contents


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@as_json
@setting_flags("database_url")
def backup(file: Path, as_json: bool, database_url: str | None) -> None:
    """
    Copy the whole store to FILE, while servers and commands go on.

    FILE holds every account as it is at one moment, and all that was acknowledged before the command began. It is
    readable by its owner only and appears when it is complete; nothing is overwritten. It holds patients' data, and
    the digests of keys.
    """
    from gappt_graphql.cli.opening import file_of, told
    from gappt_graphql.store.sqlite.backups import back_up

    if str(file) == "-":
        raise Misused("A backup is a file: give it a name")
    path = file_of(chosen(database_url=database_url).database_url)
    if not path.is_file():
        raise Failed(f"There is no database at {path}: name another with --database-url")
    with told(), progress("Copying") as show:
        made = back_up(path, file, progress=show)
    if as_json:
        facts = {"file": str(file), "bytes": made.bytes, "sha256": made.sha256}
        print_json(facts | _as_json(made.contents))
    else:
        click.echo(f"Backed up {path} to {file}: {_in_words(made.contents)}, {made.bytes:,} bytes.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Verify FILE before it is restored. That is always done.")
@click.option("--verify-only", is_flag=True, help="Verify FILE and restore nothing. A server may go on meanwhile.")
@as_json
@setting_flags("database_url")
def restore(file: Path, verify: bool, verify_only: bool, as_json: bool, database_url: str | None) -> None:
    """
    Put FILE, a backup, in the place of the store.

    It is verified first: that SQLite finds it whole, that its tables, indexes and triggers are this program's, that
    every reference leads somewhere, that seats are counted right and nobody is over-booked, and that each account's
    audit is as it was written. A backup of an earlier version is migrated. The store that was there is kept beside
    it, as STORE.before-restore-TIME. Refused while a server or a command has the store open.
    """
    if verify and verify_only:
        raise Misused("--verify verifies and restores, --verify-only restores nothing: give one of them")
    url = chosen(database_url=database_url).database_url
    if verify_only:
        contents, hashes = _verified(file)
        kept, done = None, "Nothing was restored."
    else:
        contents, hashes, kept = _restored(file, url)
        done = f"It is restored. The former store is kept as {kept}." if kept else "It is restored."
    if as_json:
        facts = {"restored": not verify_only, "kept": kept and str(kept)}
        print_json({"file": str(file)} | facts | _as_json(contents) | {"auditHashes": hashes})
        return
    click.echo(f"{file} is sound: {_in_words(contents)}. {done}")
    for name, hash in hashes.items():
        click.echo(f"Last hash of the audit of {name!r}: {hash or 'none'}")
    if not verify_only:
        click.echo("Keys are as they were at the backup: revoke again those that were revoked since.", err=True)


def _verified(file: Path) -> tuple[Contents, Mapping[str, str]]:
    from gappt_graphql.cli.opening import told
    from gappt_graphql.store.migrations import HEAD
    from gappt_graphql.store.sqlite.backups import check

    with told():
        contents = check(file, shown=file)
    if contents.revision != HEAD:
        # Its version wrote no hashes, or others; they can be asked for when it has been migrated.
        return contents, {}
    return contents, asyncio.run(_chains(file, file))


def _restored(file: Path, url: str) -> tuple[Contents, Mapping[str, str], Path | None]:
    from gappt_graphql.cli.moment import now
    from gappt_graphql.cli.opening import file_of, told
    from gappt_graphql.store.migrations import HEAD
    from gappt_graphql.store.migrations.upgrading import upgrade
    from gappt_graphql.store.opening import replacing
    from gappt_graphql.store.sqlite.backups import check, copied, put_in_place

    # SQLite follows links too: its log lies beside the file that they lead to.
    store = file_of(url, readable=False).resolve()
    if store.exists() and store.samefile(file):
        raise Misused(f"{file} is the store itself")
    with told(), replacing(url), progress("Copying") as show, copied(file, store, progress=show) as copy:
        contents = check(copy, shown=file)
        if contents.revision != HEAD:
            upgrade(copy)
            contents = check(copy, shown=file)
        hashes = asyncio.run(_chains(copy, file))
        return contents, hashes, put_in_place(copy, store, now=now())


async def _chains(file: Path, shown: Path) -> Mapping[str, str]:
    """Return the last hash of each account's audit, if each is as it was written."""
    from gappt_graphql.practice import auditing
    from gappt_graphql.store.sqlite.backups import ReadOnlyStore

    store = ReadOnlyStore(file)
    try:
        found = {one.name: await auditing.verify(store, account=one.id) for one in await store.accounts()}
    finally:
        await store.close()
    for name, one in found.items():
        if one.reason is not None:
            raise Failed(f"{shown} is not sound. The audit of {name!r} is broken at row {one.broken_at}: {one.reason}")
    return {name: one.last_hash for name, one in found.items()}


def _as_json(contents: Contents) -> dict[str, object]:
    accounts = [{"name": name, "lastNumber": number} for name, number in contents.last_numbers.items()]
    rows = contents.rows
    counted = {
        "groupAppointments": rows["group_appointments"],
        "attendees": rows["attendees"],
        "auditRows": rows["audit"],
    }
    return {"revision": contents.revision, **counted, "accounts": accounts}


def _in_words(contents: Contents) -> str:
    rows = contents.rows
    return (
        f"{rows['accounts']} accounts, {rows['group_appointments']} group appointments, {rows['attendees']} attendees,"
        f" {rows['audit']} rows of audit"
    )
