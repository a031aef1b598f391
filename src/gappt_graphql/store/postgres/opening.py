"""How a database is reached, and what is said where it can't be."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from gappt_graphql.observing import Observer
from gappt_graphql.store import Fault, StoreBehind, StoreError
from gappt_graphql.store.postgres.connections import open_pool
from gappt_graphql.store.postgres.roles import sees_past_accounts
from gappt_graphql.store.postgres.store import PostgresStore
from gappt_graphql.store.postgres.terms import Terms

log = logging.getLogger("gappt_graphql.store")


async def open_postgres(url: str, terms: Terms, observer: Observer, *, serving: bool = False) -> PostgresStore:
    """
    Open the store that is in a database. Who serves it as a role that sees past accounts is warned.

    :raises StoreError: if it can't be reached
    :raises StoreBehind: if its tables are not those that this program expects
    """
    with told_without_values():
        pool = await open_pool(url, terms)
        store = PostgresStore(pool, url, terms, observer)
    try:
        fault = await store.fault()
        if serving and await sees_past_accounts(pool):
            log.warning(
                "The role of the database is a superuser or has BYPASSRLS: row-level security does not keep accounts"
                " apart. Serve as a role without either: gappt-graphql migrate --role NAME"
            )
    except asyncpg.UndefinedTableError:
        fault = Fault.MIGRATIONS
    except BaseException:
        await store.close()
        raise
    if fault is Fault.MIGRATIONS:
        await store.close()
        raise StoreBehind("The database is not of this version. Migrate it first: gappt-graphql migrate")
    return store


@contextmanager
def told_without_values() -> Iterator[None]:
    """
    Tell what is wrong with a database in a sentence, which has no part of an address that may hold a password.

    :raises StoreError: instead of what the driver raises where it can't connect
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        raise StoreError(f"The database can't be used: {error.args[0]}") from None
    except TimeoutError:
        raise StoreError("The database can't be reached: it does not answer in time.") from None
    except FileNotFoundError:
        raise StoreError(
            "The database can't be reached: there is no file with its root certificate, or no socket, where the address"
            " says."
        ) from None
    except OSError as error:
        raise StoreError(f"The database can't be reached: {error.strerror or type(error).__name__}") from None
    except (ValueError, OverflowError, asyncpg.InterfaceError) as error:
        if str(error).startswith("root certificate"):
            raise StoreError(
                "The root certificate of the database's server is not there: name its file in the address, like"
                " sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"
            ) from None
        sentence = "The address of the database can't be read: what is special in a password is written like %40."
        raise StoreError(sentence) from None
