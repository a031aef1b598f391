"""
A real store, and a desk at which to work with it.

The store is a SQLite file, or with --store=postgres a PostgreSQL database: then only tests that have a store run, apart
from those marked as SQLite's alone. Tests that ask for the `database` itself are about PostgreSQL and run only then.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

import postgres_server
from builders import Practice
from gappt_graphql.cli.loops import new_loop
from gappt_graphql.store import Store
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store
from past import Past, PastPostgres, PastSqlite

# Servers of tests complain on standard error, and do not fill it with a line for each request.
os.environ.setdefault("GAPPT_LOG_LEVEL", "warning")

_LEFT_OUT = pytest.StashKey[Counter[str]]()

EmptyStore = Callable[..., tuple[str, Past]]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]

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


@pytest.fixture(scope="session")
def other_database(database: postgres_server.Database) -> Iterator[postgres_server.Database]:
    """Another one on the same server."""
    with postgres_server.database(database.superuser_url) as other:
        yield other


@pytest.fixture
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> EmptyStore:
    """Make a store without records, of the kind that this run is about: its address, and a way to look past it."""

    def make(name: str = "book") -> tuple[str, Past]:
        if request.config.getoption("store") == "postgres":
            which = "database" if name == "book" else "other_database"
            database: postgres_server.Database = request.getfixturevalue(which)
            database.clean()
            return database.url, PastPostgres(database)
        path = tmp_path / f"{name}.db"
        shutil.copy(request.getfixturevalue("empty_book"), path)
        return f"sqlite:///{path}", PastSqlite(path)

    return make


@pytest.fixture
def _the_store(empty_store: EmptyStore) -> tuple[str, Past]:
    return empty_store()


@pytest.fixture
def store_url(_the_store: tuple[str, Past]) -> str:
    """The address of a store without records."""
    return _the_store[0]


@pytest.fixture
def past(_the_store: tuple[str, Past]) -> Past:
    """The same store as its database has it."""
    return _the_store[1]


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


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Tests run on asyncio's own loop, and those marked with `loop_factories` on the ones that they name."""
    mark = item.get_closest_marker("asyncio")
    if mark is None or "loop_factories" not in mark.kwargs:
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "served": new_loop}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=["sqlite", "postgres"], default="sqlite", help="what the tests keep books in")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    why_not = _why_not_on_postgres if config.getoption("store") == "postgres" else _why_not_on_sqlite
    reasons = [why_not(item) for item in items]
    config.stash[_LEFT_OUT] = Counter(reason for reason in reasons if reason)
    left_out = [item for item, reason in zip(items, reasons, strict=True) if reason]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item, reason in zip(items, reasons, strict=True) if not reason]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason, count in config.stash.get(_LEFT_OUT, Counter()).most_common():
        terminalreporter.write_line(f"LEFT OUT [{count}]: {reason}")


def _why_not_on_sqlite(item: pytest.Item) -> str | None:
    return "about PostgreSQL" if "database" in getattr(item, "fixturenames", ()) else None


def _why_not_on_postgres(item: pytest.Item) -> str | None:
    mark = item.get_closest_marker("sqlite")
    if mark is not None:
        return f"about SQLite: {mark.args[0]}"
    keeps_books = {"empty_store", "database"} & set(getattr(item, "fixturenames", ()))
    return None if keeps_books else "without a store, or with one of its own"
