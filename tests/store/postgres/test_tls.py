"""Connections to a database over TLS, as the address asks for it: of the pool, of the listener, of migrations."""

import asyncio

import pytest

import postgres_server
from builders import Practice
from conftest import NOW
from gappt_graphql.store import StoreError
from gappt_graphql.store.migrations import grant, is_behind, migrate
from gappt_graphql.store.opening import open_store
from tls_in_front import Front, certificate

LISTENING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
VERIFIED = "?sslmode=verify-full&sslrootcert="


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return certificate(folder, "right"), certificate(folder, "wrong")


async def test_the_pool_and_the_listener_connect_to_a_server_that_they_have_verified(database, store_url, certificates):
    right, _ = certificates
    async with Front(store_url, right).open() as front:
        store = await open_store(f"{front.url}{VERIFIED}{right}")
        practice = await Practice.open(store, name="Riverside", now=NOW)
        secured = front.secured
        waiting = asyncio.ensure_future(store.wait_for_changes(practice.account.id, after=10**6, look_every=3600))
        async with asyncio.timeout(20):
            while not database.fetch(LISTENING):  # noqa: ASYNC110  # nobody is told of it
                await asyncio.sleep(0.02)
        assert secured > 0
        assert front.secured > secured
        waiting.cancel()
        await asyncio.wait([waiting])
        await store.close()


async def test_migrations_connect_to_a_server_that_they_have_verified(database, certificates):
    right, _ = certificates
    with postgres_server.database(database.superuser_url, migrated=False) as empty:
        async with Front(empty.owner_url, right).open() as front:
            url = f"{front.url}{VERIFIED}{right}"
            await asyncio.to_thread(migrate, url)
            await asyncio.to_thread(grant, url, empty.role)
            assert not await asyncio.to_thread(is_behind, url)
            assert front.secured > 2


async def test_a_server_of_another_certificate_is_refused_in_a_sentence_without_the_password(
    database, store_url, certificates
):
    right, wrong = certificates
    async with Front(store_url, right).open() as front:
        url = f"{front.url}{VERIFIED}{wrong}"
        for refused in (open_store(url), asyncio.to_thread(migrate, url), asyncio.to_thread(is_behind, url)):
            with pytest.raises(StoreError, match=r"can't be reached: .*certificate") as told:
                await refused
            assert "secret" not in str(told.value)
            assert "\n" not in str(told.value)


async def test_a_server_of_another_name_is_refused(database, store_url, certificates):
    right, _ = certificates
    async with Front(store_url, right).open() as front:
        with pytest.raises(StoreError, match="certificate"):
            await open_store(f"{front.url.replace('@localhost:', '@127.0.0.1:')}{VERIFIED}{right}")


async def test_a_root_certificate_that_is_not_there_is_told(database, store_url, certificates, tmp_path, monkeypatch):
    right, _ = certificates
    monkeypatch.setenv("HOME", str(tmp_path))
    async with Front(store_url, right).open() as front:
        for url in (f"{front.url}?sslmode=verify-full", f"{front.url}{VERIFIED}{tmp_path}/none.pem"):
            with pytest.raises(StoreError, match="root certificate") as told:
                await open_store(url)
            assert "secret" not in str(told.value)
