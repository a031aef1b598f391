"""Traces in ftv1, the format of Apollo's gateways: how long each field took, and which failed."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo
from strawberry.extensions.tracing.apollo_federation import ApolloFederationTracingExtension, _SimpleError
from strawberry.extensions.tracing.utils import should_skip_tracing

from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.incoming import Fields


def wants_trace(headers: Fields) -> bool:
    """Return whether a gateway asks for the trace of this request."""
    return headers.get("apollo-federation-include-trace", "").lower() == "ftv1"


class FederatedTracing(ApolloFederationTracingExtension):
    """Write the trace of each operation, with the codes of errors."""

    def _check_should_trace(self) -> bool:
        # The library looks for the header in every operation, and awaits every field of each. Here the door looks,
        # and a schema with this extension runs only what is to be traced.
        return True

    def resolve(
        self, _next: Callable[..., Any], root: Any, info: GraphQLResolveInfo[Any], *args: Any, **kwargs: Any
    ) -> Any:
        # The library's own awaits every field, those too that it does not trace: a list took three times as long.
        if should_skip_tracing(_next, info):
            return _next(root, info, *args, **kwargs)
        return super().resolve(_next, root, info, *args, **kwargs)

    def _make_error(self, e: Exception, info: GraphQLResolveInfo[Any]) -> _SimpleError:
        # The library writes the exception's text, which may quote a patient's data. Traces leave the practice.
        code = (getattr(e, "extensions", None) or {}).get("code", ErrorCode.INTERNAL.value)
        location = info.field_nodes[0].loc
        line, column = (location.start_token.line, location.start_token.column) if location else (0, 0)
        return _SimpleError(message=code, location_line=line, location_column=column)
