"""A client of the reference's interface, in this process, on the store of the test."""

from collections.abc import AsyncIterator, Callable, Sequence

import httpx2
import pytest

from builders import Practice
from described import Described
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store import Store
from gappt_graphql.web.app import create_app

BASE = "https://practice.example/v1"
DESCRIBED = Described()


@pytest.fixture
def client_of(store: Store) -> Callable[..., httpx2.AsyncClient]:
    """Return clients of applications, with a secret or without, and with settings of the test's choice."""

    def client(practice: Practice, secret: str | None, **settings: int | None) -> httpx2.AsyncClient:
        app = create_app(store, clock=lambda: practice.now, ids=practice.ids, **({"rate_limit": 0} | settings))
        auth = None if secret is None else httpx2.BasicAuth(secret, "")
        hooks = {"response": [_check]}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, auth=auth, event_hooks=hooks)

    return client


async def secret_of(practice: Practice, scopes: Sequence[str] = ("read", "write")) -> str:
    """Return the secret of a new key of the practice."""
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=scopes, now=practice.now, ids=practice.ids
    )
    return issued.secret


@pytest.fixture
async def secret(practice: Practice) -> str:
    """A key that may read and write."""
    return await secret_of(practice)


@pytest.fixture
async def client(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice, secret: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a key that may read and write; paths start below /v1."""
    async with client_of(practice, secret) as client:
        yield client


@pytest.fixture
async def reader(client_of: Callable[..., httpx2.AsyncClient], practice: Practice) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a key that may only read."""
    async with client_of(practice, await secret_of(practice, ["read"])) as client:
        yield client


@pytest.fixture
async def stranger(
    client_of: Callable[..., httpx2.AsyncClient], practice: Practice
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key."""
    async with client_of(practice, None) as client:
        yield client


@pytest.fixture
async def other_client(
    client_of: Callable[..., httpx2.AsyncClient], other_practice: Practice
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a key of the other account."""
    async with client_of(other_practice, await secret_of(other_practice)) as client:
        yield client


async def _check(answer: httpx2.Response) -> None:
    """Check that an answer is as the description says, whatever the test is about."""
    await answer.aread()
    if answer.url.path.startswith("/v1/"):
        assert DESCRIBED.faults(answer) == [], answer.text
