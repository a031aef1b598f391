"""Accounts and their keys are found before an account is known."""

from datetime import timedelta

import msgspec
import pytest

from gappt_graphql.store import Account, ApiKey, NameTaken


async def test_accounts_are_listed_and_found_by_name(store, practice, other_practice):
    demo = Account(id=7, name="Demo", created_at=practice.now, demo=True)
    await store.add_account(demo)

    assert await store.accounts() == [demo, other_practice.account, practice.account]
    assert await store.account_named("Demo") == demo
    assert await store.account_named("demo") is None


async def test_an_account_name_is_taken_once(store, practice):
    with pytest.raises(NameTaken):
        await store.add_account(Account(id=7, name=practice.account.name, created_at=practice.now))


async def test_a_key_is_found_by_its_digest_and_listed_with_its_account(store, practice, other_practice):
    first, second = (
        ApiKey(
            id=id,
            account_id=practice.account.id,
            digest=f"digest {id}",
            last_four="wxyz",
            scopes=("read", "write"),
            created_at=practice.now + timedelta(minutes=id),
        )
        for id in (1, 2)
    )
    await store.save_key(second)
    await store.save_key(first)
    revoked = msgspec.structs.replace(first, revoked_at=practice.now)
    await store.save_key(revoked)

    assert await store.key_by_digest("digest 1") == revoked
    assert await store.key_by_digest("digest 3") is None
    assert await store.keys(practice.account.id) == [revoked, second]
    assert await store.keys(other_practice.account.id) == []
