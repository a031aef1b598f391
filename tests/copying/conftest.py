"""Two houses: one that is lived in, and one to move to, of the kinds that this run is about."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import postgres_server
from conftest import NOW
from houses import furnished


@dataclass
class Move:
    """From where to where, the addresses with which everything can be seen there, and a key to what is moved."""

    source: str
    target: str
    all_of_source: str
    all_of_target: str
    secret: str = ""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "empty_move" in metafunc.fixturenames:
        both = ["to PostgreSQL", "from PostgreSQL"]
        directions = both if metafunc.config.getoption("store") == "postgres" else ["from file to file"]
        metafunc.parametrize("direction", directions)


@pytest.fixture
def file_url(empty_book: Path, tmp_path: Path) -> str:
    """The address of another embedded store without records."""
    shutil.copy(empty_book, tmp_path / "other.db")
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def empty_move(request: pytest.FixtureRequest, direction: str, store_url: str, file_url: str) -> Move:
    """Two stores without records."""
    seen = store_url
    if "PostgreSQL" in direction:
        seen = request.getfixturevalue("database").superuser_url
    if direction == "from PostgreSQL":
        return Move(store_url, file_url, seen, file_url)
    return Move(file_url, store_url, file_url, seen)


@pytest.fixture
async def move(empty_move: Move) -> Move:
    """A store with something of everything in it, and one without records."""
    empty_move.secret = await furnished(empty_move.source, NOW)
    return empty_move


@pytest.fixture
def other_database(database: postgres_server.Database) -> Iterator[postgres_server.Database]:
    """Another database of the same server, without records."""
    with postgres_server.database(database.superuser_url) as other:
        yield other
