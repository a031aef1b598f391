"""What answers tell of a limit that their request counted towards."""

import math
from collections.abc import Mapping

from starlette.exceptions import HTTPException

from gappt_graphql.practice.allowances import Standing


class Throttled(HTTPException):
    """Somebody asks too often. The headers are given to every answer whose request has a standing."""

    def __init__(self, standing: Standing, who: str = "This key has asked too often") -> None:
        super().__init__(429, f"{who}; ask again in {math.ceil(standing.wait)} s.")


def headers_of(standing: Standing) -> Mapping[str, str]:
    """Return the headers that tell of a standing, and where something was refused, when to ask again."""
    headers = {
        "X-RateLimit-Limit": str(standing.most),
        "X-RateLimit-Remaining": str(standing.left),
        "X-RateLimit-Reset": str(math.ceil(standing.resets_at)),
    }
    return headers | {"Retry-After": str(math.ceil(standing.wait))} if standing.wait else headers
