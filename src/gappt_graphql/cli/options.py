"""The settings of the GraphQL door, as the door takes them."""

from gappt_graphql.graph.options import Limits, Options, Streams
from gappt_graphql.settings import Settings


def options_of(settings: Settings) -> Options:
    """Return the options that the settings choose."""
    return Options(
        limits=Limits(
            tokens=settings.max_tokens,
            fields=settings.max_fields,
            aliases=settings.max_aliases,
            directives=settings.max_directives,
            root_fields=settings.max_root_fields,
            depth=settings.max_depth,
            values=settings.max_values,
            cost=settings.max_cost,
        ),
        streams=Streams(
            connections=settings.max_connections,
            subscriptions=settings.max_subscriptions,
            origins=frozenset((settings.allowed_origins or "").split(",")) - {""},
        ),
        get=settings.graphql_get,
        introspection=settings.introspection,
        directory=settings.directory == "here",
        tracing=settings.federation_tracing,
        trusted_only=settings.trusted_only,  # type: ignore[arg-type]  # its parser takes these words only
        persisted_queries=settings.persisted_queries,
    )
