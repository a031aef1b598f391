"""The key: asked for in a form, refused in words, and kept in the tab alone."""

from collections.abc import Callable

import pytest

from demo_server import DemoServer
from explorer_page import ExplorerPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("gappt_guess", "This key was not accepted: it is mistyped, or it has been revoked."),
        ("", "A key is made of letters, digits, - and _: copy it once more, as a whole."),
        ("gappt_é", "A key is made of letters, digits, - and _: copy it once more, as a whole."),
    ],
    ids=["unknown", "none", "no key"],
)
def test_a_wrong_key_is_refused_in_words(page: ExplorerPage, key: str, words: str) -> None:
    page.offer(key)

    page.page.get_by_text(words).wait_for()
    assert page.key_field.get_attribute("aria-invalid") == "true"
    assert page.remembered() == []


def test_nothing_moves_when_a_key_is_refused(page: ExplorerPage) -> None:
    button = page.page.get_by_role("button", name="Open the explorer")
    before = button.bounding_box()

    page.offer("gappt_guess")

    page.page.get_by_text("This key was not accepted").wait_for()
    assert button.bounding_box() == before


def test_the_form_is_filled_in_by_keyboard_alone(page: ExplorerPage, demo: DemoServer) -> None:
    page.page.locator("#key:focus").wait_for()
    page.page.keyboard.type(demo.key)
    page.page.keyboard.press("Enter")

    page.wait_for_graphiql()


def test_a_server_that_is_gone_is_told_in_words(page: ExplorerPage) -> None:
    page.page.route("**/graphql", lambda route: route.abort())

    page.offer("gappt_guess")

    page.page.get_by_text("The service can’t be reached").wait_for()


def test_a_reload_keeps_the_key_and_the_tabs(opened: ExplorerPage) -> None:
    opened.choose("BookPatient")
    variables = opened.text(".graphiql-editor-tool")
    opened.wait_until_kept("graphiql:variables", "patientIds")

    opened.page.reload()

    opened.wait_for_graphiql()
    opened.page.locator(".graphiql-editor-tool").get_by_text("patientIds").wait_for()
    assert opened.text(".graphiql-editor-tool") == variables
    assert opened.page.get_by_role("tab").count() == 5


def test_the_key_is_in_the_tabs_memory_and_nowhere_else(opened: ExplorerPage, demo: DemoServer) -> None:
    opened.run("Week")

    assert demo.key in opened.page.evaluate("Object.values(sessionStorage)")
    assert opened.page.evaluate("Object.entries(localStorage)") == []
    assert opened.page.evaluate("indexedDB.databases()") == []
    assert opened.page.context.cookies() == []
    assert not any(demo.key in url for url in [*opened.requests, opened.page.url])


def test_a_closed_tab_forgets_the_key(opened: ExplorerPage, visit: Callable[..., ExplorerPage]) -> None:
    opened.page.close()

    again = visit()

    again.key_field.wait_for()
    assert again.remembered() == []


def test_another_key_begins_with_nothing_of_the_last(opened: ExplorerPage) -> None:
    opened.run("Week")

    opened.page.get_by_role("button", name="Use another key").click()

    opened.key_field.wait_for()
    assert opened.remembered() == []


def test_a_key_that_is_revoked_meanwhile_leads_back_to_the_form(
    visit: Callable[..., ExplorerPage], demo: DemoServer
) -> None:
    id, key = demo.another_key()
    page = visit()
    page.open_with(key)
    demo.revoke(id)

    page.start()

    page.page.get_by_text("This key was not accepted").wait_for()
    page.open_with(demo.key)  # with the tabs as they were
    assert page.page.get_by_role("tab").count() == 5
