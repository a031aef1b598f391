"""The secret in a calendar's address is in no line that a server, or a proxy in front of it, writes."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from a_server import AServer
from behind_nginx import Nginx, free_port, needs_nginx

COMMAND = [sys.executable, "-m", "gappt_graphql"]
CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
CADDY = shutil.which("caddy")
UNKNOWN = "gapptcal_" + "Zzyzx4711" * 4 + "Zzyzx47"
PREPARE = """mutation {
  createBusiness(input: {name: "North", timeZone: "Australia/Sydney"}) { business { id } }
}"""
CREATE = "mutation ($i: CreateCalendarFeedInput!) { createCalendarFeed(input: $i) { path } }"


class Served(NamedTuple):
    """A server that logs all that it can, the address of a calendar of it, and its log."""

    server: AServer
    path: str
    log: Path
    metrics: int

    @property
    def token(self) -> str:
        return self.path.partition("token=")[2]

    def port(self) -> int:
        return int(self.server.address.rpartition(":")[2])


@pytest.fixture(params=["json", "text"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    url, log, metrics = f"sqlite:///{tmp_path / 'book.db'}", tmp_path / "log", free_port()
    make = [*COMMAND, "key", "create", "--account", "Riverside", "--json", "--database-url", url]
    key = json.loads(subprocess.check_output(make))["key"]
    flags = ["--log-format", request.param, "--log-level", "debug", "--metrics-port", str(metrics)]
    with log.open("w") as file:
        server = AServer(url, key=key, flags=flags, log=file)
        try:
            server.wait_until_it_answers()
            made = _ask(server, PREPARE)["createBusiness"]["business"]["id"]
            path = _ask(server, CREATE, i={"businessId": made})["createCalendarFeed"]["path"]
            yield Served(server, path, log, metrics)
        finally:
            server.kill()


def _ask(server: AServer, query: str, **variables: object) -> dict[str, dict[str, dict[str, str]]]:
    body = {"query": query, "variables": variables}
    answer = httpx2.post(f"{server.address}/graphql", json=body, headers=server.headers, timeout=60)
    data: dict[str, dict[str, dict[str, str]]] = answer.json()["data"]
    return data


def _said(port: int, request: bytes) -> bytes:
    """Send bytes, and return what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        with suppress(ConnectionError, TimeoutError):
            return connection.recv(65536)
    return b""


def _lines_of(log: Path, *, with_: str) -> str:
    """Return the log, once a line with this has come: lines of requests are written a moment later."""
    deadline = time.monotonic() + 20
    while with_ not in (text := log.read_text()):
        assert time.monotonic() < deadline, text
        time.sleep(0.02)
    return text


def test_no_line_of_the_server_and_no_metric_has_the_secret(served: Served) -> None:
    with httpx2.Client(base_url=served.server.address) as client:
        answer = client.get(served.path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        same = client.get(served.path, headers={"If-None-Match": answer.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert client.get(served.path.replace(served.token, UNKNOWN)).status_code == 404
        assert client.get(served.path.replace("businesses", "practitioners")).status_code == 404
        assert client.post(served.path).status_code == 405
    for request in (
        f"GET {served.path} HTTP/9.9\r\n\r\n",
        f"GET {served.path}&x={'x' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET {served.path} HTTP/1.1\r\nHost: x\r\nBad header {served.token}\r\n\r\n",
        f"{served.token} {served.path} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET {served.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ):
        _said(served.port(), request.encode())

    text = _lines_of(served.log, with_="calendar") + httpx2.get(f"http://127.0.0.1:{served.metrics}/metrics").text

    assert 'door="calendar"' in text
    assert served.token not in text
    assert "Zzyzx" not in text


@needs_nginx
@pytest.mark.parametrize("served", ["json"], indirect=True)
def test_nginx_passes_calendars_on_and_logs_no_secret(served: Served, tmp_path: Path) -> None:
    nginx = Nginx(tmp_path, [served.port()])
    try:
        nginx.start()
        answer = httpx2.get(nginx.address + served.path)
        same = httpx2.get(nginx.address + served.path, headers={"If-None-Match": answer.headers["etag"]})
        served.server.kill()
        broken = httpx2.get(nginx.address + served.path, headers={"Referer": served.path}, timeout=60)
    finally:
        nginx.end()

    assert (answer.status_code, same.status_code, broken.status_code) == (200, 304, 502)
    assert '"status":"502"' in nginx.log()
    assert served.token not in nginx.log()


@pytest.mark.skipif(CADDY is None, reason="there is no caddy here")
@pytest.mark.parametrize("served", ["json"], indirect=True)
def test_caddy_passes_calendars_on_and_logs_no_secret(served: Served, tmp_path: Path) -> None:
    port, said = free_port(), tmp_path / "caddy.log"
    text = CADDYFILE.read_text().replace("practice.example {", f"http://127.0.0.1:{port} {{")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{served.port()}").replace("{\n", "{\n\tadmin off\n", 1)
    (tmp_path / "Caddyfile").write_text(text)
    command = [str(CADDY), "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with said.open("w") as file:
        caddy = subprocess.Popen(command, stderr=file, env=home)
    try:
        address = f"http://127.0.0.1:{port}{served.path}"
        _lines_of(said, with_="serving initial configuration")
        answer = httpx2.get(address)
        same = httpx2.get(address, headers={"If-None-Match": answer.headers["etag"]})
        served.server.kill()
        broken = httpx2.get(address, headers={"Referer": served.path})
    finally:
        caddy.terminate()
        caddy.wait(timeout=30)

    assert (answer.status_code, same.status_code, broken.status_code) == (200, 304, 502)
    assert "connection refused" in said.read_text()
    assert served.token not in said.read_text()
