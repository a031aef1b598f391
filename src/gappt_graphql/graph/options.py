"""What an operator may choose about the GraphQL door."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """How large one operation may be. See docs/limits.md."""

    tokens: int = 2_000
    """Of its document; GraphiQL's introspection has about 400."""
    fields: int = 500
    """Each counted as often as it is spread."""
    aliases: int = 60
    directives: int = 60
    root_fields: int = 50
    depth: int = 20
    """Levels of fields."""
    values: int = 100_000
    """Of one answer, if every page is full: about two seconds of work."""
    cost: int = 30_000
    """Points: objects of one answer, if every page is full."""


class Streams(Struct, frozen=True, kw_only=True):
    """What those who watch changes may take up."""

    connections: int = 100
    """Sockets and streams of one key at once."""
    subscriptions: int = 100
    """Of one key at once, over all its connections."""
    operations: int = 100
    """At once on one socket, subscriptions and others."""
    strangers: int = 200
    """Sockets that have not said yet who they are, all together."""
    init_timeout: float = 10.0
    """Seconds that a socket has to say who it is."""
    ping_interval: float = 15.0
    """Seconds between signs of life."""
    send_timeout: float = 20.0
    """Seconds after which a reader that takes nothing is dropped."""
    poll_interval: float = 1.0
    """Seconds after which the feed is looked at although nobody said that it grew."""
    largest_message: int = 64 * 1024
    """Bytes of one message from a client."""
    origins: frozenset[str] = frozenset()
    """Whose pages may ask and open sockets, besides this server's own: such as https://practice.example."""


class Options(Struct, frozen=True, kw_only=True):
    """The choices about the door, with what holds where nobody chose."""

    limits: Limits = Limits()
    streams: Streams = Streams()
    get: bool = True
    """Queries are taken by GET."""
    introspection: bool = True
    directory: bool = True
    """People, places and types are listed and written here; else another subgraph does that."""
    tracing: bool = False
    """A gateway that asks for ftv1 traces gets them."""
    trusted: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Trusted documents by their SHA-256 in hexadecimal."""
    trusted_only: Literal["browsers", "all", "none"] = "browsers"
    """Whose keys may run nothing else."""
    names: frozenset[str] = frozenset()
    """Of operations, which logs, metrics and traces may tell."""
    compile: bool = True
    """Operations that are seen again are run by plans, where those are known to answer what graphql-core does."""
    persisted_queries: int = 500
    """Automatic persisted queries that are kept for each account; 0 is none."""


USUAL = Options()
