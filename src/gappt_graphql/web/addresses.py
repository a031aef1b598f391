"""Where a request comes from, and by which scheme: what the connection shows, or what a trusted proxy tells."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_Address = IPv4Address | IPv6Address


class Addresses:
    """Tell the address that a request is counted under."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        """`trusted` are the networks of proxies, whose word is taken for where a request comes from."""
        self._trusted = [ip_network(network) for network in trusted]

    def of(self, scope: Scope) -> str:
        """
        Return the nearest address that is no trusted proxy's.

        Of IPv6 that is the network that a customer gets, since each of its addresses may be used for one request.
        """
        address = _other_end(scope)
        if address is None:
            return "unknown"
        for named in reversed(",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")):
            if not self._trusts(address):
                break
            before = _read(named.strip())
            if before is None:
                break
            address = before
        return str(address) if isinstance(address, IPv4Address) else str(IPv6Network((address, 64), strict=False))

    def speak_of_https(self, scope: Scope) -> bool:
        """Tell whether a trusted proxy was asked by https: the last of them says so, if there are several."""
        address = _other_end(scope)
        told = ",".join(Headers(scope=scope).getlist("x-forwarded-proto")).rpartition(",")[2].strip()
        return told == "https" and address is not None and self._trusts(address)

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)


class SchemeOfProxies:
    """Let requests be by https where a trusted proxy says so, so that links lead nobody with a key to plain http."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self.app, self.addresses = app, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.addresses.speak_of_https(scope):
            scope = {**scope, "scheme": "https"}
        await self.app(scope, receive, send)


def _other_end(scope: Scope) -> _Address | None:
    client = scope.get("client")
    return _read(client[0]) if client else None


def _read(text: str) -> _Address | None:
    """Return an address, of which a proxy may tell the port too."""
    host, _, port = text.rpartition(":")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif "." in host and port.isdigit():
        text = host
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
