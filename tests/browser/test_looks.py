"""How the page looks, dark and light: pictures for people to look at, and what can be measured of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from demo_server import DemoServer
from explorer_page import ExplorerPage

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parent / "pictures"
AXE = Path(__file__).parents[2] / "explorer/node_modules/axe-core/axe.min.js"
# What is GraphiQL's alone: the editors' colours, and its tabs, each with a button in it.
_ASKED_OF_AXE = "axe.run({exclude: ['.monaco-editor']}, {rules: {'nested-interactive': {enabled: false}}})"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_and_use_it(visit: Callable[..., ExplorerPage], demo: DemoServer, scheme: str) -> None:
    page = visit(scheme=scheme)
    found = []

    def look(name: str) -> None:
        page.page.screenshot(path=PICTURES / f"{scheme}-{name}.png")
        found.extend(faults(page))

    page.key_field.wait_for()
    look("form")
    page.offer("gappt_guess")
    page.page.get_by_text("This key was not accepted").wait_for()
    look("refused")
    page.open_with(demo.key)
    page.run("Week")
    look("result")
    page.page.get_by_role("button", name="Show Documentation Explorer").click()
    page.page.get_by_role("link", name="GroupAppointment", exact=True).click()
    page.page.get_by_text("One practitioner, one time").wait_for()
    look("docs")

    assert found == []


def test_a_choice_of_colours_holds_for_the_whole_page(visit: Callable[..., ExplorerPage], demo: DemoServer) -> None:
    page = visit(scheme="light")
    page.open_with(demo.key)
    page.page.get_by_role("button", name="Open settings dialog").click()

    page.page.get_by_role("button", name="Dark", exact=True).click()

    page.page.locator("body.graphiql-dark").wait_for()
    background = page.page.locator(".key-bar").evaluate("bar => getComputedStyle(bar).backgroundColor")
    assert background == "rgb(33, 42, 59)"


def test_a_telephone_shows_the_form_and_the_editor_without_scrolling_sideways(
    visit: Callable[..., ExplorerPage], demo: DemoServer
) -> None:
    page = visit(width=390)
    page.key_field.wait_for()
    page.page.screenshot(path=PICTURES / "telephone-form.png")
    form = overflow(page)
    page.open_with(demo.key)
    page.run("Week")
    page.page.screenshot(path=PICTURES / "telephone-result.png")

    assert (form, overflow(page)) == (0, 0)


def faults(page: ExplorerPage) -> list[str]:
    """Return what axe finds against the rules for accessible pages, contrast among them."""
    page.page.evaluate(AXE.read_text())
    found = page.page.evaluate(_ASKED_OF_AXE)
    return [f"{rule['help']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]


def overflow(page: ExplorerPage) -> int:
    """Return how many pixels the page is wider than its window."""
    return int(page.page.evaluate("document.documentElement.scrollWidth - innerWidth"))
