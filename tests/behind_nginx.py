"""nginx as deploy/nginx.conf sets it up, in front of servers of this machine."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx.conf"
NGINX = os.environ.get("GAPPT_TEST_NGINX") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="there is no nginx here: install it, or name it in GAPPT_TEST_NGINX"
)


class Nginx:
    """nginx with the configuration of compose.yaml but for its addresses and folders. Whoever makes one ends it."""

    def __init__(self, folder: Path, ports: Sequence[int], *, more: str = "") -> None:
        """`ports` are those of the servers behind it; `more` is what stands in the folder for TLS."""
        self.port, self.folder = free_port(), folder
        (folder / "more.conf").write_text(more)
        text = re.sub(r"server gappt-1:8000 (.*)\n\s+server gappt-2:8000 .*", r"SERVERS \1", CONFIGURATION.read_text())
        servers = "".join(f"server 127.0.0.1:{port} max_fails=2 fail_timeout=5s;" for port in ports)
        text = re.sub(r"SERVERS .*", servers, text)
        text = text.replace("listen 8080;", f"listen 127.0.0.1:{self.port};")
        text = text.replace("/tmp/", f"{folder}/").replace("/dev/stdout", f"{folder}/access.log")
        text = text.replace("/etc/nginx/tls/*.conf", f"{folder}/more.conf")
        (folder / "nginx.conf").write_text(text)
        self._command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def check(self) -> str:
        """Return what nginx itself says of the configuration."""
        return subprocess.run([*self._command, "-t"], capture_output=True, text=True, check=False).stderr

    def start(self) -> "Nginx":
        with (self.folder / "errors.log").open("w") as errors:
            self._process = subprocess.Popen([*self._command, "-g", "daemon off;"], stderr=errors, text=True)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError("nginx took no connection within 30 seconds")

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def log(self) -> str:
        """Return all that it has written."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
