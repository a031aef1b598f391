"""Whether to trace, and where the traces go: as OpenTelemetry's own variables say."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gappt_graphql.observing import Spans

log = logging.getLogger("gappt_graphql.tracing")

_SECONDS_TO_SEND = 2
"""What has not been sent then is lost: the collector is not there, and the server shall end."""


@asynccontextmanager
async def traced() -> AsyncIterator[Spans]:
    """Send traces to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, as long as this lasts."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield Spans()
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from gappt_graphql.web.spans import Traced
    except ImportError:
        log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is traced: pip install 'gappt-graphql[otel]'")
        yield Spans()
        return
    name = os.environ.get("OTEL_SERVICE_NAME", "gappt-graphql")
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Traced(provider)
    finally:
        sending = threading.Thread(target=provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, _SECONDS_TO_SEND)
