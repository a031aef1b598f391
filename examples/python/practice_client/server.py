"""How the server is reached, and what to do when it is not."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import httpx

from .generated import (
    GraphQLClientGraphQLMultiError,
    GraphQLClientHttpError,
    GraphQLClientInvalidResponseError,
    PracticeClient,
)

ADDRESS = os.environ.get("GAPPT_ADDRESS", "http://127.0.0.1:8000")
KEY = {"Authorization": f"Bearer {os.environ.get('GAPPT_KEY', '')}"}

Answer = TypeVar("Answer")


class Refused(Exception):
    """The server said no: to the key, to the document, to a variable. Asking again would not help."""


class Unanswered(Exception):
    """Nobody knows whether it was done: the connection broke, or the server could not finish."""


def connect() -> PracticeClient:
    """Return a client, to be used with `async with`."""
    socket = f"ws{ADDRESS.removeprefix('http')}/graphql"
    return PracticeClient(url=f"{ADDRESS}/graphql", headers=KEY, ws_url=socket, ws_headers=KEY)


async def ask_again(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask, and ask again while there is no answer. Only for what takes effect once: a query, or an idempotency key."""
    for pause in (0.25, 0.5, 1.0, 2.0):
        try:
            return await _ask(ask)
        except Unanswered:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # so that a thousand clients don't come back at once
    return await _ask(ask)


async def _ask(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    try:
        return await ask()
    except (httpx.TransportError, GraphQLClientInvalidResponseError) as error:
        raise Unanswered(f"No answer from {ADDRESS}: {error or type(error).__name__}") from error
    except GraphQLClientHttpError as error:
        answer = cast(httpx.Response, error.response)  # the generated type knows its status alone
        # 429 is a refusal, too, but one that passes. What is not JSON comes from somebody in between.
        if (
            answer.status_code >= 500
            or answer.status_code == 429
            or "json" not in answer.headers.get("Content-Type", "")
        ):
            raise Unanswered(f"The answer has the status {answer.status_code}") from error
        raise Refused("; ".join(one["message"] for one in answer.json()["errors"])) from error
    except GraphQLClientGraphQLMultiError as error:
        raise Refused(str(error)) from error
