"""A real Chromium, and a real server with the demo practice, for as long as one file of tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo_server import DemoServer
from explorer_page import ExplorerPage

CHROMIUM = Path("/usr/bin/chromium")
BUILT = Path(__file__).parents[2] / "src/gappt_graphql/web/static/index.html"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """
    A browser that knows no other host than this one.

    Playwright keeps an event loop of its own running, so it is ended before tests of other files need theirs.
    """
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no {CHROMIUM}: on Debian, apt-get install chromium")
    if not BUILT.is_file():
        pytest.skip("the explorer has not been built: make setup")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test-browser")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser.new_context()
        browser.close()


@pytest.fixture
def visit(chromium: Any, demo: DemoServer) -> Iterator[Callable[..., ExplorerPage]]:
    """
    Open the explorer in a tab of its own, in which nobody was before; `address` is another server's.

    All tabs share what the browser keeps of the explorer's files, which saves most of the time.
    """
    opened: list[ExplorerPage] = []

    def open_page(address: str = demo.address, *, scheme: str = "light", width: int = 1280) -> ExplorerPage:
        opened.append(ExplorerPage(chromium.new_page(), address, scheme=scheme, width=width))
        return opened[-1]

    yield open_page
    for one in opened:
        one.page.close()


@pytest.fixture
def page(visit: Callable[..., ExplorerPage]) -> ExplorerPage:
    """The page as it is first seen: the form for the key."""
    return visit()


@pytest.fixture
def opened(page: ExplorerPage, demo: DemoServer) -> ExplorerPage:
    """The page with the demo's key: GraphiQL with its ready-made tabs."""
    page.open_with(demo.key)
    return page
