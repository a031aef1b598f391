"""Accounts and their API keys: 256 random bits behind a prefix, stored as a digest, shown once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct

from gappt_graphql.scheduling.ids import AccountId, Ids, KeyId
from gappt_graphql.store import Account, ApiKey, Store

PREFIX = "gappt_"
SCOPES = ("read", "write")


class IssuedKey(Struct, frozen=True):
    """A fresh key with its secret, which is nowhere else."""

    key: ApiKey
    secret: str


async def ensure_account(store: Store, *, name: str, now: datetime, ids: Ids, demo: bool = False) -> Account:
    """Return the account of this name, made now if there is none."""
    raise NotImplementedError


async def issue_key(
    store: Store, *, account: AccountId, scopes: Collection[str], now: datetime, ids: Ids
) -> IssuedKey:
    """
    Make a key for the account.

    :raises Refused: if a scope is unknown, or none is given
    """
    raise NotImplementedError


async def revoke_key(store: Store, *, account: AccountId, id: KeyId, now: datetime) -> ApiKey | None:
    """Revoke a key of the account; twice keeps the first time. None if the account has no such key."""
    raise NotImplementedError


async def authenticate(store: Store, secret: str) -> ApiKey | None:
    """Return the key of this secret, if there is one and it is not revoked."""
    raise NotImplementedError


async def keys(store: Store, *, account: AccountId) -> Sequence[ApiKey]:
    """Return the account's keys, oldest first."""
    return await store.keys(account)
