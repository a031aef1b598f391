"""Changes as they happen, and none twice or missed: after a break the stream goes on behind the last that was seen."""

import asyncio
import random
import sys

from websockets.exceptions import ConnectionClosed, WebSocketException

from .generated import GraphQLClientGraphQLMultiError, PracticeClient
from .server import Refused

# Invalid message, no key, a refused key, another protocol: it would be the same the next time.
OWN_FAULT = (4400, 4401, 4403, 4406)


async def follow(client: PracticeClient, after: str | None) -> None:
    """Print changes until the process ends: those after a cursor, or those from now on."""
    pause = 0.25
    while True:
        try:
            # websockets pings of itself, so a connection that died without a word does not look like a quiet day.
            async for change in client.changes(after):
                fields = ", ".join(change.changed_fields)
                print(f"{change.kind.value} {change.id}: {fields}  (cursor {change.cursor})", flush=True)
                after, pause = change.cursor, 0.25
        except (OSError, WebSocketException) as error:
            _refuse(error)
        except GraphQLClientGraphQLMultiError as error:
            raise Refused(str(error)) from error
        said = f"Connecting again, after {after}" if after else "Connecting again: what changed until then is not told"
        print(said, file=sys.stderr)
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 2, 10.0)


def _refuse(error: Exception) -> None:
    """Raise what asking again does not help against."""
    if isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code in OWN_FAULT:
        raise Refused(f"{error.rcvd.reason} ({error.rcvd.code})") from error
