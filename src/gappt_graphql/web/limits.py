"""What answers tell of a limit that their request counted towards."""

import math

from starlette.exceptions import HTTPException

from gappt_graphql.practice.allowances import Standing


class Throttled(HTTPException):
    """Somebody asks too often. The headers are given to every answer whose request has a standing."""

    def __init__(self, standing: Standing, who: str = "This key has asked too often") -> None:
        super().__init__(429, f"{who}; ask again in {math.ceil(standing.wait)} s.")


def headers_of(standing: Standing) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell of a standing, and where something was refused, when to ask again."""
    headers = [
        (b"x-ratelimit-limit", b"%d" % standing.most),
        (b"x-ratelimit-remaining", b"%d" % standing.left),
        (b"x-ratelimit-reset", b"%d" % math.ceil(standing.resets_at)),
    ]
    if standing.wait:
        headers.append((b"retry-after", b"%d" % math.ceil(standing.wait)))
    return headers
