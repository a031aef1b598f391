"""TLS before a PostgreSQL server that was built without: a certificate of its own, and who takes it off."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")


def certificate(folder: Path, name: str) -> Path:
    """Make a self-signed certificate for localhost, with its key in the same file."""
    key, made = folder / f"{name}.key", folder / f"{name}.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", *asked, *names, "-keyout", key, "-out", made], check=True, capture_output=True)
    with made.open("a") as file:
        file.write(key.read_text())
    return made


class Front:
    """What came by TLS: `url` is the address with it, and `secured` counts the connections that were secured."""

    def __init__(self, url: str, certificate: Path) -> None:
        self._behind = urlsplit(url)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate)
        self.secured = 0
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Front"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = self._behind._replace(netloc=f"{self._user}@localhost:{port}", query="").geturl()
        try:
            yield self
        finally:
            server.close()

    @property
    def _user(self) -> str:
        return self._behind.netloc.rpartition("@")[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                assert await reader.readexactly(8) == _ASKS_FOR_TLS
                writer.write(b"S")
                await writer.start_tls(self._tls)
                self.secured += 1
                inner, outer = await self._connect()
                await asyncio.gather(_pass_on(reader, outer), _pass_on(inner, writer))
            finally:
                writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = unquote(parse_qs(self._behind.query).get("host", [self._behind.hostname or "127.0.0.1"])[0])
        port = self._behind.port or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
