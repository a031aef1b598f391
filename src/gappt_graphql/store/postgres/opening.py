"""How a database is reached, and what is said where it can't be."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from gappt_graphql.observing import Observer
from gappt_graphql.store import Fault, StoreBehind, StoreError
from gappt_graphql.store.postgres.connections import open_pool
from gappt_graphql.store.postgres.store import PostgresStore
from gappt_graphql.store.postgres.terms import Terms


async def open_postgres(url: str, terms: Terms, observer: Observer) -> PostgresStore:
    """
    Open the store that is in a database.

    :raises StoreError: if it can't be reached
    :raises StoreBehind: if its tables are not those that this program expects
    """
    with told_without_values():
        store = PostgresStore(await open_pool(url, terms), url, terms, observer)
    try:
        fault = await store.fault()
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
    except OSError as error:
        raise StoreError(f"The database can't be reached: {error.strerror or type(error).__name__}") from None
    except (ValueError, asyncpg.InterfaceError):
        sentence = "The address of the database can't be read: what is special in a password is written like %40."
        raise StoreError(sentence) from None
