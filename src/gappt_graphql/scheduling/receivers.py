"""Where webhooks may be sent to: which URLs are taken, and which addresses may be dialed (docs/security.md)."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from msgspec import Struct

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2_000

_FIRST_FREE_PORT = 1024
_USUAL_PORTS = {"https": 443, "http": 80}
_PRINTED = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")

# What the registries of special addresses (RFC 6890 and later) keep from the public, and multicast.
_KEPT_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by providers; some clouds tell secrets at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own door into each of its machines, though the address looks public
        "169.254.0.0/16",  # clouds tell a machine's secrets at 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, what is reserved, and broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_KEPT_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo among them, which carries other addresses inside
        "2001:db8::/32",
        "2002::/16",  # 6to4, which does so too
        "3fff::/20",
    )
)


class BadReceiver(ValueError):
    """A URL that nothing is sent to; the message is a sentence for the person who gave it."""


class Receiver(Struct, frozen=True):
    """A URL taken apart. `host` is a name in lower case or an address, `target` the path with what follows it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host as a request names it: with the port, unless it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORTS[self.scheme] else f"{host}:{self.port}"


class Receivers(Struct, frozen=True):
    """
    What who runs the server allows besides https to public addresses.

    `plain` is http without TLS; `networks` are addresses that may be dialed although they are not public.
    """

    plain: bool = False
    networks: tuple[Network, ...] = ()

    def read(self, url: str) -> Receiver:
        """
        Return the URL taken apart.

        :raises BadReceiver: if nothing may be sent there. A name is looked up when something is sent, not here.
        """
        if len(url) > LONGEST_URL:
            raise BadReceiver(f"The URL is too long: {LONGEST_URL:,} characters at most.")
        # Before it is taken apart, which would drop tabs and ends of lines.
        if not _PRINTED.fullmatch(url) or "\\" in url:
            raise BadReceiver("The URL has characters that must be written as %XX, or in a host as xn--.")
        try:
            parts = urlsplit(url)
            port, host = parts.port, (parts.hostname or "")
        except ValueError:
            raise BadReceiver("This takes a whole https address.") from None
        if parts.scheme not in _USUAL_PORTS or not host:
            raise BadReceiver("This takes a whole https address.")
        if parts.scheme == "http" and not self.plain:
            raise BadReceiver("The URL must be https: this server sends nothing unencrypted.")
        if "@" in parts.netloc:
            raise BadReceiver("The URL must have no user name and no password in it.")
        if parts.fragment or url.endswith("#"):
            raise BadReceiver("The URL must have no fragment (#).")
        port = _USUAL_PORTS[parts.scheme] if port is None else port
        if port != _USUAL_PORTS[parts.scheme] and port < _FIRST_FREE_PORT:
            usual = _USUAL_PORTS[parts.scheme]
            raise BadReceiver(f"The port must be {usual}, or {_FIRST_FREE_PORT} or higher.")
        self._check_host(host)
        query = f"?{parts.query}" if parts.query else ""
        return Receiver(parts.scheme, host, port, f"{parts.path or '/'}{query}")

    def may_be(self, address: Address) -> bool:
        """Tell whether the address may be dialed: it is public, or in one of the networks that are allowed."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self.networks if network.version == address.version):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in _KEPT_4)
        # A zone (%eth0) belongs to one machine's own lines.
        public = address in _PUBLIC_6 and address.scope_id is None
        return public and not any(address in network for network in _KEPT_6)

    def _check_host(self, host: str) -> None:
        try:
            address = ip_address(host)
        except ValueError:
            if not _NAME.fullmatch(host) or len(host) > 253:
                raise BadReceiver("The URL's host is no name that can be looked up.") from None
            return
        if not self.may_be(address):
            raise BadReceiver("The URL's address is not public, and this server sends nothing there.")


ANYWHERE_PUBLIC = Receivers()
