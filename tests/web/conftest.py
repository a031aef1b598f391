"""A client of the whole application, in this process, on the store of the test."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store import Store
from gappt_graphql.web.app import create_app


@pytest.fixture
async def secret(practice: Practice) -> str:
    """A key that may read and write."""
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    return issued.secret


@pytest.fixture
def client_of(store: Store, practice: Practice) -> Callable[..., httpx2.AsyncClient]:
    """Return clients of applications with settings of the test's choice."""

    def client(**settings: Any) -> httpx2.AsyncClient:
        app = create_app(store, clock=lambda: practice.now, ids=practice.ids, **settings)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://practice.example")

    return client


@pytest.fixture
async def client(client_of: Callable[..., httpx2.AsyncClient]) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of() as client:
        yield client
