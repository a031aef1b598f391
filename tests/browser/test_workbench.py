"""GraphiQL in the page: it works from this server alone, and its ready-made tabs do what they say."""

from collections.abc import Callable
from urllib.request import urlopen

import pytest

from demo_server import DemoServer
from explorer_page import ExplorerPage

pytestmark = pytest.mark.browser


def test_the_page_asks_no_other_host_and_breaks_no_rule_of_its_policy(opened: ExplorerPage, demo: DemoServer) -> None:
    opened.run("Week")
    opened.page.get_by_role("button", name="Show Documentation Explorer").click()
    opened.page.get_by_role("link", name="GroupAppointment", exact=True).click()
    opened.page.get_by_text("One practitioner, one time").wait_for()

    assert opened.complaints == []
    assert {url.partition("//")[2].partition("/")[0] for url in opened.requests if not url.startswith("data:")} == {
        demo.address.partition("//")[2]
    }


def test_the_licences_of_what_the_page_is_built_from_come_with_it(demo: DemoServer) -> None:
    with urlopen(f"{demo.address}/explorer/licences.md") as answer:
        text = answer.read().decode()

    assert all(f"## {name} - " in text for name in ("graphiql", "graphql", "graphql-ws", "monaco-editor", "react"))


def test_the_week_is_listed_with_who_comes(opened: ExplorerPage) -> None:
    answer = opened.run("Week")

    groups = answer["data"]["groupAppointments"]
    assert "errors" not in answer
    assert groups["totalCount"] > 0
    assert any(group["patients"] for group in groups["nodes"])


def test_a_patient_is_booked(opened: ExplorerPage, demo: DemoServer) -> None:
    answer = opened.run("BookPatient")
    booked = answer["data"]["bookAttendees"]

    assert (booked["userErrors"], booked["outcomes"][0]["userError"]) == ([], None)
    assert booked["outcomes"][0]["attendee"]["id"]


def test_repeats_are_looked_at_first_and_made_then(opened: ExplorerPage) -> None:
    looked = opened.run("PreviewRepeat", "PreviewRepeat")["data"]["previewGroupAppointmentRepeat"]
    made = opened.run("PreviewRepeat", "Repeat")["data"]["repeatGroupAppointment"]

    assert looked["userErrors"] == made["userErrors"] == []
    assert [one["startsAt"] for one in looked["occurrences"][1:]] == [one["startsAt"] for one in made["repeats"]]


def test_conflicts_are_found(opened: ExplorerPage) -> None:
    answer = opened.run("Conflicts")

    assert "errors" not in answer
    assert answer["data"]["groupAppointments"]["totalCount"] > 0


def test_an_operation_is_run_from_the_keyboard(opened: ExplorerPage) -> None:
    opened.page.locator(".graphiql-query-editor .view-line").first.click()

    opened.page.keyboard.press("Control+Enter")

    opened.says("totalCount")


def test_the_editor_knows_the_schema(opened: ExplorerPage) -> None:
    opened.page.get_by_role("button", name="New tab").click()
    opened.page.locator(".graphiql-query-editor .view-lines").click()
    # At one stroke: typed letter by letter, a suggestion that comes meanwhile may be taken.
    opened.page.keyboard.insert_text("{ groupAppointments { nodes { availableSe")

    opened.suggests("availableSeats")

    opened.page.keyboard.press("Escape")
    opened.page.keyboard.type("nt", delay=20)

    opened.page.locator(".squiggly-error").first.wait_for(state="attached")


def test_an_empty_practice_begins_with_its_first_records(visit: Callable[..., ExplorerPage], demo: DemoServer) -> None:
    page = visit()
    page.open_with(demo.another_key("Empty practice")[1])

    assert page.page.get_by_role("tab").first.get_by_role("button").first.text_content() == "FirstRecords"
    assert page.run("Week")["data"]["groupAppointments"]["nodes"] == []
    assert page.run("BookPatient")["data"]["bookAttendees"]["userErrors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (502, {}, "A proxy answered in the service’s place"),
        (429, {"Retry-After": "90"}, "ask again at"),
        (200, {}, "The answer is not GraphQL’s"),
    ],
)
def test_what_stands_between_is_told_in_words(
    opened: ExplorerPage, status: int, headers: dict[str, str], words: str
) -> None:
    body = "<h1>Nothing to see</h1>"
    opened.page.route("**/graphql", lambda route: route.fulfill(status=status, headers=headers, body=body))

    opened.start()

    opened.says(words)
