"""A real store in a temporary file, and a desk at which to work with it."""

import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

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


@pytest.fixture
async def store(empty_book: Path, tmp_path: Path) -> AsyncIterator[Store]:
    path = tmp_path / "book.db"
    shutil.copy(empty_book, path)
    store = await open_store(f"sqlite:///{path}")
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
