"""Whose pages may open a socket: a browser lets every page try, and says only whose it is."""

from collections.abc import Collection
from urllib.parse import urlsplit

from gappt_graphql.graph.incoming import Fields

_USUAL_PORTS = {"http": "80", "https": "443"}


def is_welcome(headers: Fields, origins: Collection[str]) -> bool:
    """
    Tell whether a socket may be opened: by no page at all, by a page of this host, or by one of these origins.

    This host is the one that the client asked for. Whether by http or https is not compared: behind a proxy that ends
    TLS, this server doesn't know.
    """
    given = headers.getlist("origin")
    if not given:
        return True
    if len(given) > 1:
        return False
    return given[0] in origins or _is_of(given[0], headers.get("host", ""))


def _is_of(origin: str, host: str) -> bool:
    try:
        url = urlsplit(origin)
    except ValueError:
        return False
    port = _USUAL_PORTS.get(url.scheme)
    if port is None or origin != f"{url.scheme}://{url.netloc}":
        return False
    return bool(host) and url.netloc.lower() in (host.lower(), host.lower().removesuffix(f":{port}"))
