"""Subscriptions in the page: an event is seen as it happens, and an end is told in words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from demo_server import DemoServer
from explorer_page import ExplorerPage

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parent / "pictures"

FREE = """query ($from: DateTime!) {
    groupAppointments(filter: {startsAt: {gte: $from}, hasAvailableSeats: true}, first: 50) {
        nodes { id patientIds } } }"""
BOOK = """mutation ($input: BookAttendeesInput!) {
    bookAttendees(input: $input) { userErrors { message } outcomes { userError { message } } } }"""


def book_somebody(demo: DemoServer) -> str:
    """Book a patient by HTTP, as another program does. Return the appointment's id."""
    groups = demo.ask(FREE, **{"from": "2020-01-01T00:00:00Z"})["groupAppointments"]["nodes"]
    everybody = {id for group in groups for id in group["patientIds"]}
    group = groups[-1]
    patient = min(everybody - set(group["patientIds"]))
    booked = demo.ask(BOOK, input={"groupAppointmentId": group["id"], "patientIds": [patient]})["bookAttendees"]
    assert booked == {"userErrors": [], "outcomes": [{"userError": None}]}
    return str(group["id"])


def watch(page: ExplorerPage) -> None:
    """Start the subscription, and wait until the server takes it."""
    page.choose("WatchChanges")
    page.start()
    page.page.get_by_text("Watching. Each event").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_booking_made_elsewhere_is_seen_as_it_happens(
    visit: Callable[..., ExplorerPage], demo: DemoServer, scheme: str
) -> None:
    page = visit(scheme=scheme)
    page.open_with(demo.key)
    watch(page)
    page.page.screenshot(path=PICTURES / f"{scheme}-watching.png")

    id = book_somebody(demo)

    page.says("ATTENDEES_CHANGED")
    page.says(f'"{id}"')
    page.page.screenshot(path=PICTURES / f"{scheme}-event.png")
    assert page.complaints == []


def test_watching_can_be_stopped_before_there_is_an_event(opened: ExplorerPage) -> None:
    watch(opened)

    opened.page.get_by_role("button", name="Stop query").click()

    opened.page.get_by_text("Watching. Each event").wait_for(state="detached")
    opened.page.get_by_role("button", name="Execute query").wait_for()


def test_a_server_that_goes_away_is_told_in_words(visit: Callable[..., ExplorerPage], tmp_path: Path) -> None:
    with DemoServer(tmp_path) as server:
        page = visit(server.address)
        page.open_with(server.key)
        watch(page)

        server.end()

        page.says("The server is stopping: run the")
        assert page.page.get_by_role("status").count() == 0
        page.start()
        page.says("The connection was lost")


def test_a_key_that_is_revoked_is_told_in_words(visit: Callable[..., ExplorerPage], demo: DemoServer) -> None:
    id, key = demo.another_key()
    page = visit()
    page.open_with(key)
    page.choose("WatchChanges")
    demo.revoke(id)

    page.start()

    page.says("This key was not accepted: it has been")
