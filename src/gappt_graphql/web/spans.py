"""Traces by OpenTelemetry, which the extra `otel` brings: of operations and their steps, not of each field."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gappt_graphql.observing import Spans, Tell

_PROPAGATOR = TraceContextTextMapPropagator()
_UNNAMED = frozenset({"anonymous", "other"})


class Traced(Spans):
    """Has a span for each operation and each of its steps: no text of a document, no values, no exception's message."""

    on = True

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("gappt-graphql")

    @contextmanager
    def operation(self, traceparent: str | None) -> Iterator[Tell]:
        # Not the caller's tracestate, which may hold anything.
        parent = _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else Context()
        with self._tracer.start_as_current_span(
            "operation",
            parent,
            SpanKind.SERVER,
            # Exceptions would be recorded with their messages.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def tell(kind: str, name: str, codes: Collection[str]) -> None:
                span.update_name(kind if name in _UNNAMED else f"{kind} {name}")
                span.set_attributes({"graphql.operation.type": kind, "graphql.operation.name": name})
                if codes:
                    span.set_attribute("gappt.error_codes", sorted(codes))
                if "INTERNAL" in codes:
                    span.set_status(Status(StatusCode.ERROR))

            yield tell

    @contextmanager
    def step(self, name: str, text: str | None = None) -> Iterator[None]:
        # What happens outside of an operation, as to follow the feed, would be a trace each time.
        if not get_current_span().get_span_context().is_valid:
            yield
            return
        attributes = {"db.system.name": "sqlite", "db.query.text": text} if text else None
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ):
            yield
