"""Who asks: the API key of a request, and the desk that it opens."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.types import Scope

from gappt_graphql.graph.actors import HEADER, BadActor, actor_in_headers
from gappt_graphql.graph.incoming import Fields
from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.practice.access import authenticate, standing
from gappt_graphql.practice.allowances import Allowances, Standing
from gappt_graphql.practice.bounds import Bounds
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.receivers import Receivers
from gappt_graphql.store import ApiKey, Store
from gappt_graphql.web.addresses import Addresses
from gappt_graphql.web.limits import Throttled


class _Request(Protocol):
    """A request of either door."""

    @property
    def headers(self) -> Fields: ...

    @property
    def scope(self) -> Scope: ...

    @property
    def state(self) -> Any: ...


_ACTOR = HEADER.lower()
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


class NotForBrowsers(HTTPException):
    """The key is one for browsers, which may run trusted documents only: here it would do anything that it likes."""

    def __init__(self) -> None:
        super().__init__(403, "This key is for browsers, which may run trusted GraphQL documents only.")


class DeskOpener:
    """Open desks for who has a key, which it looks up; and ask the clock, once for each desk."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        ids: Ids,
        requests: Allowances,
        failures: Allowances,
        addresses: Addresses,
        keys_kept_for: timedelta,
        bounds: Bounds,
        asks_for: str,
        takes_browsers: bool,
        receivers: Receivers,
        observer: Observer = NOBODY,
    ) -> None:
        """
        `requests` are each key's, `failures` each address's: how often it may ask without a key that is known. Who has
        one is let in, whatever the address. `asks_for` is `Bearer`, or `Basic`, for which a browser opens a box for a
        password. Where `takes_browsers` is false, keys that are marked for browsers open nothing.
        """
        self._store, self._clock, self._ids = store, clock, ids
        self._requests, self._failures, self._addresses = requests, failures, addresses
        self._keys_kept_for, self._bounds = keys_kept_for, bounds
        self._asks_for, self._takes_browsers, self._observer = asks_for, takes_browsers, observer
        self._receivers = receivers

    async def __call__(self, request: "_Request") -> Desk:
        """
        Return the desk of the account whose key the request carries; the key is left in `request.state.key`.

        How the key stands with its limit is left in `request.state.standing`.

        :raises Unauthenticated: without a key that is known and not revoked
        :raises Throttled: if the key asks too often; without one, if others without one came from there already
        :raises NotForBrowsers: if the key is one for browsers, and those open nothing here
        :raises HTTPException: with 400, if the request names an actor that can't be kept
        """
        key = await self.key_in(request.headers.getlist("authorization"))
        if key is None:
            request.state.standing = stands = self.failed(request.scope)
            if stands is not None and stands.wait:
                raise Throttled(stands, "Too many requests without a known key came from this address")
            raise Unauthenticated(self._asks_for)
        request.state.key = key
        request.state.standing = stands = self._requests.take(key.id, per_minute=key.rate_limit)
        try:
            actor = actor_in_headers(request.headers.getlist(_ACTOR))
        except BadActor as bad:
            raise HTTPException(400, str(bad)) from None
        return self._desk(key, request.state.request_id, actor, stands)

    async def key_in(self, authorization: list[str]) -> ApiKey | None:
        """Return the key that Authorization headers carry, if it is known and not revoked."""
        secret = secret_of(authorization)
        return await authenticate(self._store, secret) if secret else None

    def failed(self, scope: Scope) -> Standing | None:
        """Count that a request from this address had no key that is known."""
        return self._failures.take(self._addresses.of(scope))

    async def standing(self, key: ApiKey) -> ApiKey | None:
        """Return the key as it is stored now, if it has not been revoked."""
        return await standing(self._store, key)

    def desk_of(self, key: ApiKey, request_id: str, actor: str | None = None) -> Desk:
        """
        Return the desk that the key opens for one request; the actor is who at the client makes it.

        :raises Throttled: if the key asks too often
        :raises NotForBrowsers: if the key is one for browsers, and those open nothing here
        """
        return self._desk(key, request_id, actor, self._requests.take(key.id, per_minute=key.rate_limit))

    def _desk(self, key: ApiKey, request_id: str, actor: str | None, stands: Standing | None) -> Desk:
        if stands is not None and stands.wait:
            raise Throttled(stands)
        if key.browser and not self._takes_browsers:
            raise NotForBrowsers
        return Desk(
            store=self._store,
            account=key.account_id,
            now=self._clock(),
            ids=self._ids,
            request_id=request_id,
            key_id=key.id,
            actor=actor,
            keys_kept_for=self._keys_kept_for,
            observer=self._observer,
            bounds=self._bounds,
            receivers=self._receivers,
        )


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
