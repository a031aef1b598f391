"""What `serve --demo` makes ready: an account of its own with the demo practice, and a fresh key to it."""

from __future__ import annotations

from datetime import datetime

import click

from gappt_graphql.cli.common import Failed, progress
from gappt_graphql.demo import fill
from gappt_graphql.practice import access
from gappt_graphql.scheduling.asking import Listing
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Account, Book, Store

DEMO_ACCOUNT = "Demo practice"

FIRST_QUERY = """\
{
  groupAppointments(first: 3) {
    totalCount
    nodes { startsAt availableSeats appointmentType { name } practitioner { label } patients { label } }
  }
}
"""


async def prepare(store: Store, *, now: datetime, ids: Ids) -> str:
    """
    Fill an empty store with the demo practice, revoke the keys of the last run, and return a fresh one.

    :raises Failed: if the store holds another account than the demo's
    """
    for account in await store.accounts():
        if not account.demo or account.name != DEMO_ACCOUNT:
            raise Failed(
                f"--demo leaves real books alone, and this store has the account {account.name!r}: "
                "serve it without --demo, or name another with --database-url"
            )
    account = await access.ensure_account(store, name=DEMO_ACCOUNT, now=now, ids=ids, demo=True)
    if await _is_empty(store, account):
        click.echo("Filling the store with the demo practice ...", err=True)
        with progress("Filling") as show:
            await fill(store, account=account, size="small", now=now, ids=ids, progress=show)
    for key in await store.keys(account.id):
        if key.revoked_at is None:
            await access.revoke_key(store, account=account.id, id=key.id, now=now)
    issued = await access.issue_key(store, account=account.id, scopes=access.SCOPES, now=now, ids=ids)
    return issued.secret


async def _is_empty(store: Store, account: Account) -> bool:
    async def work(book: Book) -> bool:
        return await book.count(Practitioner, Listing()) == 0

    return await store.read(account.id, work)
