"""
A real store, and a desk at which to work with it.

The store is a SQLite file, or with --store=postgres a PostgreSQL database: then only tests that have a store run, apart
from those marked as SQLite's alone. Tests that ask for the `database` itself are about PostgreSQL and run only then.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import postgres_server
from builders import Practice
from gappt_graphql.store import Store
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store

# Servers of tests complain on standard error, and do not fill it with a line for each request.
os.environ.setdefault("GAPPT_LOG_LEVEL", "warning")

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture(scope="session")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without records, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("book") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def database() -> Iterator[postgres_server.Database]:
    """A migrated PostgreSQL database without records."""
    with postgres_server.server() as url, postgres_server.database(url) as database:
        yield database


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store without records, of the kind that this run is about."""
    if request.config.getoption("store") == "postgres":
        database: postgres_server.Database = request.getfixturevalue("database")
        database.clean()
        return database.url
    path = tmp_path / "book.db"
    shutil.copy(request.getfixturevalue("empty_book"), path)
    return f"sqlite:///{path}"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    store = await open_store(store_url)
    yield store
    await store.close()


@pytest.fixture
async def practice(store: Store) -> Practice:
    """An account with a business in Sydney, a practitioner, an appointment type of an hour for eight, and patients."""
    return await Practice.open(store, name="Riverside", now=NOW)


@pytest.fixture
async def other_practice(store: Store) -> Practice:
    """Another account, which must never be seen."""
    return await Practice.open(store, name="Lakeside", now=NOW)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=["sqlite", "postgres"], default="sqlite", help="what the tests keep books in")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    runs = _on_postgres if config.getoption("store") == "postgres" else _on_sqlite
    chosen = [item for item in items if runs(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _on_sqlite(item: pytest.Item) -> bool:
    return "database" not in getattr(item, "fixturenames", ())


def _on_postgres(item: pytest.Item) -> bool:
    asks_for = set(getattr(item, "fixturenames", ()))
    return bool(asks_for & {"store_url", "database"}) and item.get_closest_marker("sqlite") is None
