"""Clients that ask the schema itself, past HTTP, on the store of the test."""

import pytest

from asking import Client, CountingStore
from builders import Practice


@pytest.fixture
def client(practice: Practice) -> Client:
    """A client of the practice, with a key that may read and write."""
    return Client(practice)


@pytest.fixture
def other_client(other_practice: Practice) -> Client:
    """A client of the other account."""
    return Client(other_practice)


@pytest.fixture
def counted(practice: Practice) -> tuple[Client, CountingStore]:
    """A client, and the store that counts what its operations cost."""
    store = CountingStore(practice.store)
    return Client(practice, store=store), store
