"""The documentation as it is built: it needs no other host, draws its diagrams, and fits a telephone."""

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

pytestmark = pytest.mark.browser

PROJECT = Path(__file__).parents[2]
SITE = PROJECT / "website" / "site"
AXE = PROJECT / "explorer/node_modules/axe-core/axe.min.js"
# The theme's own buttons to copy each stand in a landmark of the same name.
ASKED_OF_AXE = """axe.run({rules: {'landmark-unique': {enabled: false}}}).then(
    found => found.violations.flatMap(rule => rule.nodes.map(node => `${rule.help}: ${node.html}`)))"""
PICTURES = Path(__file__).parent / "pictures"
DRAWN = [
    page.relative_to(PROJECT / "docs").with_suffix(".html").as_posix()
    for page in sorted((PROJECT / "docs").glob("**/*.md"))
    if "```mermaid" in page.read_text(encoding="utf-8")
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of a request."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    if not SITE.is_dir():
        pytest.skip("the site has not been built: make docs")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    page = chromium.new_page()
    page.asked = []
    page.failed = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.failed.append(str(error)))
    yield page
    page.close()


@pytest.mark.parametrize("path", DRAWN)
def test_the_diagrams_of_a_page_are_drawn(page: Any, site: str, path: str) -> None:
    page.goto(f"{site}/{path}")
    texts = (PROJECT / "docs" / path).with_suffix(".md").read_text(encoding="utf-8")
    diagrams = re.findall(r"```mermaid\n(.*?)```", texts, re.DOTALL)

    # The site draws each into a closed shadow, whose host takes the place of the text.
    page.wait_for_function("document.querySelectorAll('div.mermaid').length == " + str(len(diagrams)))
    heights = page.evaluate("[...document.querySelectorAll('div.mermaid')].map(each => each.offsetHeight)")
    for diagram in diagrams:
        page.evaluate("text => mermaid.parse(text)", diagram)

    assert min(heights) > 50
    assert page.failed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_ask_no_other_host_and_scroll_up_and_down_alone(page: Any, site: str, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    too_wide = []
    for path in ("index.html", "guide/repeats.html", "deploy.html", "reference/graphql/objects.html"):
        page.goto(f"{site}/{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=PICTURES / f"site-{scheme}-{width}-{Path(path).stem}.png")
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
            too_wide.append(path)

    assert too_wide == []
    assert [address for address in page.asked if not address.startswith((site, "data:", "blob:"))] == []
    assert page.failed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_a_page(page: Any, site: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    found = []
    for path in ("index.html", "guide/repeats.html", "cli.html"):
        page.goto(f"{site}/{path}")
        page.evaluate(AXE.read_text())
        found += page.evaluate(ASKED_OF_AXE)

    assert found == []


def test_a_field_is_found_by_the_search(page: Any, site: str) -> None:
    page.goto(site)
    page.keyboard.press("Control+k")
    page.keyboard.type("availableSeats")
    page.get_by_text(re.compile(r"^\d+ results$")).wait_for()

    assert [address for address in page.asked if not address.startswith((site, "data:", "blob:"))] == []
