"""Accounts and their API keys: 256 random bits behind a prefix, stored as a digest, shown once."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.scheduling.ids import AccountId, Ids, KeyId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.scheduling.text import LONGEST_NAME, checked
from gappt_graphql.store import Account, ApiKey, AuditRow, NameTaken, Store

PREFIX = "gappt_"
SCOPES = ("read", "write")


class IssuedKey(Struct, frozen=True):
    """A fresh key with its secret, which is nowhere else."""

    key: ApiKey
    secret: str


async def ensure_account(store: Store, *, name: str, now: datetime, ids: Ids, demo: bool = False) -> Account:
    """
    Return the account of this name, made now if there is none.

    :raises Refused: if the name is blank, too long or not plain text
    """
    account = new_account(name=name, now=now, ids=ids, demo=demo)
    existing = await store.account_named(account.name)
    if existing is not None:
        return existing
    made = _told("CreateAccount", account.id, now, kind="Account", after={"name": account.name, "demo": account.demo})
    try:
        await store.add_account(account, [made])
    except NameTaken:  # by somebody who was faster
        existing = await store.account_named(account.name)
        if existing is None:
            raise
        return existing
    return account


def new_account(*, name: str, now: datetime, ids: Ids, demo: bool = False) -> Account:
    """
    Return an account of this name, to be written.

    :raises Refused: if the name is blank, too long or not plain text
    """
    problems: list[Problem] = []
    name = checked(name, "name", LONGEST_NAME, problems)
    if not name.strip():
        problems.append(Problem(Code.REQUIRED, "An account needs a name.", ("name",)))
    refuse_if_any(problems)
    return Account(id=AccountId(ids.next(now)), name=name, created_at=now, demo=demo)


async def issue_key(
    store: Store,
    *,
    account: AccountId,
    scopes: Collection[str],
    now: datetime,
    ids: Ids,
    browser: bool = False,
    rate_limit: int | None = None,
    cost_budget: int | None = None,
) -> IssuedKey:
    """
    Make a key for the account; `browser` marks one for the pages of a site, where its readers can find it.

    The limits are in requests and in points a minute: None is what the server has for all keys, 0 is none.

    :raises Refused: if a scope is unknown, or none is given
    """
    if not scopes:
        raise Refused.one(Code.REQUIRED, f"A key needs a scope: {_either()}.", "scopes")
    if any(scope not in SCOPES for scope in scopes):
        raise Refused.one(Code.INVALID, f"A scope is {_either()}.", "scopes")
    secret = PREFIX + token_urlsafe(32)
    key = ApiKey(
        id=KeyId(ids.next(now)),
        account_id=account,
        digest=_digest(secret),
        last_four=secret[-4:],
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created_at=now,
        browser=browser,
        rate_limit=rate_limit,
        cost_budget=cost_budget,
    )
    shown = {"last_four": key.last_four, "scopes": key.scopes, "browser": key.browser}
    await store.save_key(key, [_told("CreateKey", key.id, now, kind="ApiKey", after=shown)])
    return IssuedKey(key, secret)


async def revoke_key(store: Store, *, account: AccountId, id: KeyId, now: datetime) -> ApiKey | None:
    """Revoke a key of the account; twice keeps the first time. None if the account has no such key."""
    for key in await store.keys(account):
        if key.id == id:
            if key.revoked_at is None:
                key = replace(key, revoked_at=now)
                before, after = {"revoked_at": None}, {"revoked_at": now}
                row = _told("RevokeKey", key.id, now, kind="ApiKey", before=before, after=after)
                await store.save_key(key, [row])
            return key
    return None


async def authenticate(store: Store, secret: str) -> ApiKey | None:
    """
    Return the key of this secret, if there is one and it is not revoked.

    Looked up by its digest alone, so that the time it takes tells nothing about the secret.
    """
    if not _SHAPE.fullmatch(secret):
        return None
    key = await store.key_by_digest(_digest(secret))
    return key if key is not None and key.revoked_at is None else None


async def standing(store: Store, key: ApiKey) -> ApiKey | None:
    """Return the key as it is stored now, if it has not been revoked."""
    stored = await store.key_by_digest(key.digest, as_stored=True)
    return stored if stored is not None and stored.revoked_at is None else None


async def keys(store: Store, *, account: AccountId) -> Sequence[ApiKey]:
    """Return the account's keys, oldest first."""
    return await store.keys(account)


def _told(
    operation: str,
    id: int,
    now: datetime,
    *,
    kind: str,
    after: Mapping[str, object],
    before: Mapping[str, object] | None = None,
) -> AuditRow:
    """Return what the audit tells of it. Who did it sat at the machine: there is no key."""
    return AuditRow(
        at=now,
        key_id=None,
        actor=None,
        request_id="command",
        operation=operation,
        record_kind=kind,
        record_id=id,
        before=None if before is None else msgspec.json.encode(before).decode(),
        after=msgspec.json.encode(after).decode(),
    )


def _digest(secret: str) -> str:
    # A plain digest is enough: there are 256 random bits to guess, not a person's password.
    return sha256(secret.encode()).hexdigest()


def _either() -> str:
    return " or ".join(SCOPES)


_SHAPE = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")
