"""The event loop that a server runs on."""

import asyncio


def new_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's, which takes less time than asyncio's own, or the latter where there is no uvloop."""
    try:
        import uvloop
    except ImportError:  # on Windows, and on a Python that it is not built for
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
