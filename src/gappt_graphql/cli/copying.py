"""The command that moves house."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from gappt_graphql.cli.common import as_json, print_json, progress

if TYPE_CHECKING:
    from gappt_graphql.store.copying import CopiedAccount

Findings = Mapping[int, Sequence[str]]


@click.command()
@click.option("--from", "source", required=True, metavar="URL", help="The store that is copied. It is left as it is.")
@click.option("--to", "target", required=True, metavar="URL", help="The store that it is copied to.")
@as_json
def copy(source: str, target: str, as_json: bool) -> None:
    """
    Copy a whole store to another, from SQLite to PostgreSQL or the other way.

    All accounts are copied with all that they have, as it is: ids, versions, the change feed, the audit, keys. When
    the copy is ended, however that happens, the same command goes on with it. At the end every table has been
    compared in both stores. See docs/moving.md.

    Embedded stores can't be served or used meanwhile. A PostgreSQL database can, but what is written to it after the
    copy was begun is not copied: stop its servers first.
    """
    from gappt_graphql.cli.opening import told
    from gappt_graphql.store.postgres.urls import is_postgres

    if is_postgres(source):
        click.echo("What is written to the source from here on is not copied.", err=True)
    with told():
        copied, findings = asyncio.run(_copy(source, target))
    for one in copied:
        for finding in findings[one.id]:
            click.echo(f"{one.name!r} is copied as it was, but is not sound: {finding}.", err=True)
    if as_json:
        print_json({"accounts": [_as_json(one, findings[one.id]) for one in copied]})
        return
    for one in copied:
        rows, written = sum(each.rows for each in one.tables.values()), f"{one.written:,} of them written by this copy"
        click.echo(f"{one.name!r}: {rows:,} rows, the same in both stores ({written}).")
    click.echo(f"Copied {len(copied)} accounts." if copied else "There are no accounts to copy.")


async def _copy(source: str, target: str) -> tuple[Sequence[CopiedAccount], Findings]:
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import auditing
    from gappt_graphql.scheduling.ids import AccountId
    from gappt_graphql.store.copying import copy

    with progress("Copying") as show:
        copied = await copy(source, target, progress=show)
    findings = {one.id: [*one.unsound] for one in copied}
    async with opened(target) as store:
        for one in copied:
            audit = await auditing.verify(store, account=AccountId(one.id))
            if audit.reason is not None:
                findings[one.id].append(f"its audit is broken at row {audit.broken_at}: {audit.reason}")
    return copied, findings


def _as_json(copied: CopiedAccount, findings: Sequence[str]) -> Mapping[str, object]:
    return {
        "id": str(copied.id),
        "name": copied.name,
        "written": copied.written,
        "tables": {name: {"rows": each.rows, "sha256": each.sha256} for name, each in copied.tables.items()},
        "unsound": findings,
    }
