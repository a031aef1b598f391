"""Accounts and API keys: the rows that are found before an account is known."""

from collections.abc import Sequence

from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import Account, ApiKey, by_key
from gappt_graphql.store.statements import Reading, Row, Writing, instant, plain


async def accounts(connection: Reading) -> Sequence[Account]:
    """Return every account, by name."""
    return [_account(row) for row in await connection.fetch(by_key.ACCOUNTS, {})]


async def account_named(connection: Reading, name: str) -> Account | None:
    """Return the account of this name."""
    rows = await connection.fetch(by_key.ACCOUNT_NAMED, {"name": name})
    return _account(rows[0]) if rows else None


async def add_account(connection: Writing, account: Account) -> None:
    """Write a new account."""
    row = {
        "account_id": account.id,
        "name": account.name,
        "demo": int(account.demo),
        "last_number": 0,
        "created_at": plain(account.created_at),
    }
    await connection.run(by_key.ADD_ACCOUNT, [row])


async def key_by_digest(connection: Reading, digest: str) -> ApiKey | None:
    """Return the key with this digest, revoked or not."""
    rows = await connection.fetch(by_key.KEY_BY_DIGEST, {"digest": digest})
    return _key(rows[0]) if rows else None


async def keys(connection: Reading, account: AccountId) -> Sequence[ApiKey]:
    """Return the account's keys, oldest first."""
    return [_key(row) for row in await connection.fetch(by_key.KEYS_OF, {"account": account})]


async def save_key(connection: Writing, key: ApiKey) -> None:
    """Write a key, or what changed of it."""
    fields = {name: plain(getattr(key, name)) for name in key.__struct_fields__}
    await connection.run(by_key.SAVE_KEY, [fields | {"scopes": " ".join(key.scopes)}])


def _account(row: Row) -> Account:
    id, name, created_at, demo = row
    return Account(id=id, name=name, created_at=instant(created_at), demo=bool(demo))


def _key(row: Row) -> ApiKey:
    id, account_id, digest, last_four, scopes, created_at, revoked_at, browser, rate_limit, cost_budget = row
    return ApiKey(
        id=id,
        account_id=account_id,
        digest=digest,
        last_four=last_four,
        scopes=tuple(scopes.split()),
        created_at=instant(created_at),
        revoked_at=None if revoked_at is None else instant(revoked_at),
        browser=bool(browser),
        rate_limit=rate_limit,
        cost_budget=cost_budget,
    )
