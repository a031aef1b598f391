"""A small book, and a backup of it."""

import shutil
from pathlib import Path

import pytest

from copies import at, backed_up, run


@pytest.fixture(scope="module")
def made_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "book.db"
    assert run("demo", "--account", "Riverside", *at(path)).exit_code == 0
    assert run("key", "create", "--account", "Lakeside", *at(path)).exit_code == 0
    return path


@pytest.fixture
def book(made_book: Path, tmp_path: Path) -> Path:
    """The store: a demo practice and an account without records."""
    return Path(shutil.copy(made_book, tmp_path / "book.db"))


@pytest.fixture
def kept(made_book: Path, tmp_path: Path) -> Path:
    """A backup of the same book."""
    return backed_up(made_book, tmp_path / "kept.db")
