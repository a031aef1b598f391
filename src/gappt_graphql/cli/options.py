"""The settings of the GraphQL door, as the door takes them."""

from collections.abc import Mapping
from pathlib import Path

from gappt_graphql.cli.common import Failed, Misused
from gappt_graphql.graph.options import Limits, Options, Streams
from gappt_graphql.graph.schema import schema_of
from gappt_graphql.graph.telling import MOST_NAMES, names_in
from gappt_graphql.graph.trusted import BadManifest, read_manifest
from gappt_graphql.settings import Settings


def options_of(settings: Settings) -> Options:
    """
    Return the options that the settings choose, with the trusted documents of their file.

    :raises Failed: if that file can't be served
    :raises Misused: if no key could run anything
    """
    if settings.trusted_only == "all" and settings.trusted_documents is None:
        raise Misused("GAPPT_TRUSTED_ONLY=all without GAPPT_TRUSTED_DOCUMENTS leaves no document that a key may run")
    limits = _limits(settings)
    trusted = _trusted(settings, limits)
    names = [*(settings.operation_names or "").split(","), *sorted(names_in(trusted.values()))]
    return Options(
        limits=limits,
        streams=Streams(
            connections=settings.max_connections,
            subscriptions=settings.max_subscriptions,
            origins=frozenset((settings.allowed_origins or "").split(",")) - {""},
        ),
        get=settings.graphql_get,
        introspection=settings.introspection,
        directory=settings.directory == "here",
        tracing=settings.federation_tracing,
        trusted=trusted,
        names=frozenset(list(dict.fromkeys(names))[:MOST_NAMES]) - {""},
        trusted_only=settings.trusted_only,  # type: ignore[arg-type]  # its parser takes these words only
        persisted_queries=settings.persisted_queries,
        compile=settings.compile,
    )


def _trusted(settings: Settings, limits: Limits) -> Mapping[str, str]:
    if settings.trusted_documents is None:
        return {}
    try:
        return read_manifest(
            Path(settings.trusted_documents), schema_of(directory=settings.directory == "here"), limits
        )
    except BadManifest as bad:
        raise Failed(str(bad)) from None


def _limits(settings: Settings) -> Limits:
    return Limits(
        tokens=settings.max_tokens,
        fields=settings.max_fields,
        aliases=settings.max_aliases,
        directives=settings.max_directives,
        root_fields=settings.max_root_fields,
        depth=settings.max_depth,
        values=settings.max_values,
        cost=settings.max_cost,
    )
