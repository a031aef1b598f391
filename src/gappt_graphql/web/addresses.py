"""Where a request comes from: the other end of the connection, or whom a trusted proxy names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

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
        client = scope.get("client")
        address = _read(client[0]) if client else None
        if address is None:
            return "unknown"
        for named in reversed(",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")):
            if not any(address in network for network in self._trusted):
                break
            before = _read(named.strip())
            if before is None:
                break
            address = before
        return str(address) if isinstance(address, IPv4Address) else str(IPv6Network((address, 64), strict=False))


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
