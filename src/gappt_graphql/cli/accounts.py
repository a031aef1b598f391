"""Accounts and their API keys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from gappt_graphql.cli.common import Failed, Misused, account_name, as_json, chosen, print_json, setting_flags

if TYPE_CHECKING:
    from gappt_graphql.practice.access import IssuedKey
    from gappt_graphql.store import Account, ApiKey


@click.group()
def account() -> None:
    """
    Make and list accounts.

    An account is a practice whose book this service keeps, apart from all others.
    """


@account.command("create")
@click.argument("name")
@as_json
@setting_flags("database_url")
def create_account(name: str, as_json: bool, database_url: str | None) -> None:
    """Make an account without a key. `key create` makes account and key in one step."""
    made = asyncio.run(_create_account(name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json(_account(made))
    else:
        click.echo(f"Made the account {name!r}.")


@account.command("list")
@as_json
@setting_flags("database_url")
def list_accounts(as_json: bool, database_url: str | None) -> None:
    """List the accounts by name."""
    accounts = asyncio.run(_accounts(chosen(database_url=database_url).database_url))
    if as_json:
        print_json([_account(one) for one in accounts])
        return
    for one in accounts:
        click.echo(f"{one.name}  (since {one.created_at:%Y-%m-%d}{', made by the demo' if one.demo else ''})")
    if not accounts:
        click.echo("No accounts yet: `gappt-graphql key create --account NAME` makes one with its first key.")


@click.group()
def key() -> None:
    """
    Make, list and revoke API keys.

    A key opens one account's book, for reading or for writing too.
    """


@key.command("create")
@account_name
@click.option("--scopes", default="read,write", show_default=True, help="What the key may do: read, or read,write.")
@click.option(
    "--for",
    "used_by",
    type=click.Choice(["server", "browser"]),
    default="server",
    show_default=True,
    help="Who uses the key. One for browsers may run trusted documents only (docs/guide/trusted-documents.md).",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(0, 1_000_000),
    help="Requests a minute to each of /v1 and /graphql, in place of the server's limit; 0 is no limit.",
)
@click.option(
    "--cost-budget",
    type=click.IntRange(0, 100_000_000),
    help="Points a minute over GraphQL, in place of the server's budget; 0 is no limit.",
)
@as_json
@setting_flags("database_url")
def create_key(
    account_name: str,
    scopes: str,
    used_by: str,
    rate_limit: int | None,
    cost_budget: int | None,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Make an API key, and the account where there is none. The key is shown now and never again."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    url = chosen(database_url=database_url).database_url
    limits = {"rate_limit": rate_limit, "cost_budget": cost_budget}
    issued = asyncio.run(_create_key(account_name, wanted, url, browser=used_by == "browser", **limits))
    if as_json:
        print_json({"key": issued.secret} | _key(issued.key))
        return
    click.echo(issued.secret)
    click.echo("Keep it: it is stored as a digest only, so this is the one time that it is shown.", err=True)


@key.command("list")
@account_name
@as_json
@setting_flags("database_url")
def list_keys(account_name: str, as_json: bool, database_url: str | None) -> None:
    """List an account's keys, oldest first, by their last four characters."""
    keys = asyncio.run(_keys(account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json([_key(one) for one in keys])
        return
    for one in keys:
        state = f"revoked {one.revoked_at:%Y-%m-%d %H:%M}" if one.revoked_at else "in use"
        click.echo(
            f"{one.id}  …{one.last_four}  {','.join(one.scopes)}  for a {_used_by(one)}"
            f"{_limits(one)}  since {one.created_at:%Y-%m-%d %H:%M}  {state}"
        )
    if not keys:
        click.echo("No keys yet: `gappt-graphql key create` makes one.")


@key.command("revoke")
@click.argument("id", type=click.IntRange(min=1))
@account_name
@as_json
@setting_flags("database_url")
def revoke_key(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Revoke the key with this ID (see `key list`). It stops working at once, also on a running server."""
    revoked = asyncio.run(_revoke_key(id, account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json(_key(revoked))
    else:
        click.echo(f"The key …{revoked.last_four} is revoked.")


def _used_by(key: ApiKey) -> str:
    return "browser" if key.browser else "server"


def _limits(key: ApiKey) -> str:
    limits = ((key.rate_limit, "requests"), (key.cost_budget, "points"))
    return "".join(f"  {most or 'any number of'} {what} a minute" for most, what in limits if most is not None)


def _account(account: Account) -> dict[str, object]:
    return {
        "id": str(account.id),
        "name": account.name,
        "demo": account.demo,
        "createdAt": account.created_at.isoformat(),
    }


def _key(key: ApiKey) -> dict[str, object]:
    return {
        "id": str(key.id),
        "lastFour": key.last_four,
        "scopes": list(key.scopes),
        "for": _used_by(key),
        "rateLimit": key.rate_limit,
        "costBudget": key.cost_budget,
        "createdAt": key.created_at.isoformat(),
        "revokedAt": key.revoked_at and key.revoked_at.isoformat(),
    }


async def _create_account(name: str, url: str) -> Account:
    from gappt_graphql.cli.moment import new_ids, now
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import access

    async with opened(url) as store:
        if await store.account_named(name):
            raise Failed(f"There is an account named {name!r} already")
        return await access.ensure_account(store, name=name, now=now(), ids=new_ids())


async def _accounts(url: str) -> list[Account]:
    from gappt_graphql.cli.opening import opened

    async with opened(url, create=False) as store:
        return list(await store.accounts())


async def _create_key(
    account_name: str,
    scopes: list[str],
    url: str,
    *,
    browser: bool,
    rate_limit: int | None,
    cost_budget: int | None,
) -> IssuedKey:
    from gappt_graphql.cli.moment import new_ids, now
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import access

    if not scopes or not set(scopes) <= set(access.SCOPES):
        raise Misused(f"--scopes takes {' or '.join(access.SCOPES)}, or both with a comma, not {','.join(scopes)!r}")
    ids, moment = new_ids(), now()
    async with opened(url) as store:
        account = await access.ensure_account(store, name=account_name, now=moment, ids=ids)
        return await access.issue_key(
            store,
            account=account.id,
            scopes=scopes,
            now=moment,
            ids=ids,
            browser=browser,
            rate_limit=rate_limit,
            cost_budget=cost_budget,
        )


async def _keys(account_name: str, url: str) -> list[ApiKey]:
    from gappt_graphql.cli.opening import account_named, opened

    async with opened(url, create=False) as store:
        account = await account_named(store, account_name)
        return list(await store.keys(account.id))


async def _revoke_key(id: int, account_name: str, url: str) -> ApiKey:
    from gappt_graphql.cli.moment import now
    from gappt_graphql.cli.opening import account_named, opened
    from gappt_graphql.practice import access
    from gappt_graphql.scheduling.ids import KeyId

    async with opened(url, create=False) as store:
        account = await account_named(store, account_name)
        revoked = await access.revoke_key(store, account=account.id, id=KeyId(id), now=now())
        if revoked is None:
            raise Failed(f"The account {account_name!r} has no key with the id {id}")
        return revoked
