"""Who asks: the API key of a request, and the desk that it opens."""

import binascii
import math
from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gappt_graphql.practice.access import authenticate
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Store
from gappt_graphql.web.limits import RateLimit

# Longer than any key; what is longer is refused without being looked at.
_LONGEST = 512


class Unauthenticated(HTTPException):
    """No key, or none that is known. It says which scheme the door asks for; both are taken everywhere."""

    def __init__(self, scheme: str) -> None:
        super().__init__(
            401,
            "An API key is needed: send it as 'Authorization: Bearer KEY', or as the user name of HTTP Basic.",
            {"WWW-Authenticate": f'{scheme} realm="gappt-graphql"'},
        )


class Throttled(HTTPException):
    """The key asks too often. Says when to ask again, in seconds from now and in UNIX seconds."""

    def __init__(self, wait: float, now: datetime) -> None:
        seconds = math.ceil(wait)
        again = math.ceil(now.timestamp() + wait)
        super().__init__(
            429,
            f"This key has asked too often; ask again in {seconds} s.",
            {"Retry-After": str(seconds), "X-RateLimit-Reset": str(again)},
        )


class NotForBrowsers(HTTPException):
    """The key is one for browsers, which may run trusted documents only: here it would do anything that it likes."""

    def __init__(self) -> None:
        super().__init__(403, "This key is for browsers, which may run trusted GraphQL documents only.")


def desk_opener(
    store: Store,
    *,
    clock: Callable[[], datetime],
    ids: Ids,
    rate_limit: RateLimit,
    keys_kept_for: timedelta,
    asks_for: str,
    takes_browsers: bool,
) -> Callable[[Request], Awaitable[Desk]]:
    """
    Return the function that opens a desk for a request: it finds out whose key it is, and asks the clock once.

    `asks_for` is `Bearer`, or `Basic`, for which a browser opens a box for a password. Where `takes_browsers` is false,
    keys that are marked for browsers open nothing.
    """

    async def open_desk(request: Request) -> Desk:
        """
        Return the desk of the account whose key the request carries; the key is left in `request.state.key`.

        :raises Unauthenticated: without a key that is known and not revoked
        :raises Throttled: if the key asks too often
        :raises NotForBrowsers: if the key is one for browsers, and those open nothing here
        """
        secret = secret_of(request.headers.getlist("authorization"))
        key = await authenticate(store, secret) if secret else None
        if key is None:
            raise Unauthenticated(asks_for)
        now = clock()
        if wait := rate_limit.take(key.id, now):
            raise Throttled(wait, now)
        if key.browser and not takes_browsers:
            raise NotForBrowsers
        request.state.key = key
        return Desk(
            store=store,
            account=key.account_id,
            now=now,
            ids=ids,
            request_id=request.state.request_id,
            key_id=key.id,
            keys_kept_for=keys_kept_for,
        )

    return open_desk


def secret_of(authorization: list[str]) -> str | None:
    """Return the key in a request's Authorization headers: Bearer, or the user name of Basic with an empty password."""
    if len(authorization) != 1 or len(authorization[0]) > _LONGEST:
        return None
    scheme, _, rest = authorization[0].partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() == "basic":
        return _user_name(rest.strip())
    return None


def _user_name(credentials: str) -> str | None:
    try:
        name, colon, password = b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return name if name and colon and not password else None
