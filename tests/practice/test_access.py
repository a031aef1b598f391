"""Accounts and keys, in a real store."""

from datetime import timedelta

import pytest

from conftest import NOW
from gappt_graphql.practice import access
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.problems import Code, Refused
from past import everything

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ids() -> Ids:
    return Ids(7)


@pytest.fixture
async def account(store, ids):
    return await access.ensure_account(store, name="Riverside", now=NOW, ids=ids)


async def test_an_account_is_made_once(store, ids, account):
    assert await access.ensure_account(store, name="Riverside", now=LATER, ids=ids) == account
    assert [kept.name for kept in await store.accounts()] == ["Riverside"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("", Code.REQUIRED), (" ", Code.REQUIRED), ("a\x00b", Code.INVALID), ("x" * 256, Code.OUT_OF_RANGE)],
)
async def test_an_account_needs_a_name_that_can_be_read(store, ids, name, code):
    with pytest.raises(Refused) as refused:
        await access.ensure_account(store, name=name, now=NOW, ids=ids)

    assert [(problem.code, problem.field) for problem in refused.value.problems] == [(code, ("name",))]
    assert not await store.accounts()


async def test_a_key_opens_its_account(store, ids, account):
    issued = await access.issue_key(store, account=account.id, scopes=["write", "read"], now=NOW, ids=ids)

    key = await access.authenticate(store, issued.secret)

    assert key == issued.key
    assert (key.account_id, key.scopes, key.last_four) == (account.id, ("read", "write"), issued.secret[-4:])


async def test_a_secret_is_256_random_bits_behind_a_prefix_and_stored_nowhere(store, ids, account, past):
    issued = await access.issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids)
    again = await access.issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids)

    assert issued.secret.startswith("gappt_")
    assert len(issued.secret) == len("gappt_") + 43
    assert issued.secret != again.secret
    stored = repr(everything(past))
    assert issued.key.digest in stored
    assert issued.secret not in stored


async def test_a_key_for_browsers_is_marked_and_others_are_not(store, ids, account):
    mine = {"account": account.id, "scopes": ["read"], "now": NOW, "ids": ids}
    for_pages = await access.issue_key(store, **mine, browser=True)
    for_servers = await access.issue_key(store, **mine)

    assert (await access.authenticate(store, for_pages.secret)).browser
    assert not (await access.authenticate(store, for_servers.secret)).browser


async def test_revoking_keeps_the_mark(store, ids, account):
    issued = await access.issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids, browser=True)

    assert (await access.revoke_key(store, account=account.id, id=issued.key.id, now=NOW)).browser


async def test_a_revoked_key_opens_nothing(store, ids, account):
    issued = await access.issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids)
    await access.revoke_key(store, account=account.id, id=issued.key.id, now=LATER)

    assert await access.authenticate(store, issued.secret) is None


async def test_revoking_twice_keeps_the_first_time(store, ids, account):
    issued = await access.issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids)
    await access.revoke_key(store, account=account.id, id=issued.key.id, now=NOW)

    revoked = await access.revoke_key(store, account=account.id, id=issued.key.id, now=LATER)

    assert revoked.revoked_at == NOW
    assert [key.revoked_at for key in await access.keys(store, account=account.id)] == [NOW]


async def test_no_account_revokes_the_key_of_another(store, ids, account):
    other = await access.ensure_account(store, name="Lakeside", now=NOW, ids=ids)
    issued = await access.issue_key(store, account=other.id, scopes=["read"], now=NOW, ids=ids)

    assert await access.revoke_key(store, account=account.id, id=issued.key.id, now=NOW) is None
    assert await access.authenticate(store, issued.secret)


@pytest.mark.parametrize(
    "secret", ["", "gappt_", "gappt_" + "A" * 43, "A" * 49, "gappt_" + "é" * 43, "gappt_\ud800", "x" * 100_000]
)
async def test_what_is_no_key_opens_nothing(store, account, secret):
    assert await access.authenticate(store, secret) is None


async def test_the_digest_is_no_key(store, ids, account):
    issued = await access.issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=ids)

    assert await access.authenticate(store, issued.key.digest) is None


@pytest.mark.parametrize(("scopes", "code"), [([], Code.REQUIRED), (["read", "admin"], Code.INVALID)])
async def test_a_key_has_known_scopes(store, ids, account, scopes, code):
    with pytest.raises(Refused) as refused:
        await access.issue_key(store, account=account.id, scopes=scopes, now=NOW, ids=ids)

    assert [problem.code for problem in refused.value.problems] == [code]
    assert not await access.keys(store, account=account.id)
