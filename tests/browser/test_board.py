"""The example's board (examples/board), as somebody at a front desk uses it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from board_page import BOARD, BUILT, NODE, BoardPage, BoardServer, free_port, monday

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parent / "pictures"
BOOK = """mutation ($input: BookAttendeesInput!) {
    bookAttendees(input: $input) { userErrors { message } } }"""
GROUP = "query ($id: ID!) { groupAppointment(id: $id) { startsAt patientIds } }"
CREATE = """mutation ($input: CreateGroupAppointmentInput!) {
    createGroupAppointment(input: $input) { groupAppointment { id } } }"""
ARCHIVE = """mutation ($input: ArchiveGroupAppointmentInput!) {
    archiveGroupAppointment(input: $input) { archived { id } } }"""
ATTENDEES = "query ($id: ID!) { groupAppointment(id: $id) { patients { label } } }"

ALONE, EARLY, LATE, AWAY, FRIDAY, BACK_CARE, FULL = 24, 37, 38, 41, 26, 25, 42
"""Groups in Sydney: one without a series; two at once on Tuesday; one in time off; two on Friday; a full one."""
LONDON_MONDAY, LONDON_THURSDAY, LONDON_FRIDAY = 31, 34, 35


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardServer]:
    if not BUILT.is_file():
        pytest.skip("the board has not been built: make test-browser")
    with BoardServer(tmp_path_factory.mktemp("board")) as server:
        yield server


@pytest.fixture
def visit(chromium: Any, server: BoardServer) -> Iterator[Callable[..., BoardPage]]:
    """Open the board in a browser that is in New York."""
    contexts = []

    def open_page(business: int = 1, *, scheme: str = "light", width: int = 1280, height: int = 800) -> BoardPage:
        window = {"width": width, "height": height}
        context = chromium.browser.new_context(timezone_id="America/New_York", color_scheme=scheme, viewport=window)
        contexts.append(context)
        return BoardPage(context.new_page(), server.address, business=business)

    yield open_page
    for context in contexts:
        context.close()


def book(server: BoardServer, group: int, *patients: int) -> None:
    """Book patients by HTTP, as another program does."""
    asked = {"groupAppointmentId": str(group), "patientIds": [str(patient) for patient in patients]}
    assert server.demo.ask(BOOK, input=asked)["bookAttendees"] == {"userErrors": []}


def attendees(server: BoardServer, group: int) -> list[str]:
    patients = server.demo.ask(ATTENDEES, id=str(group))["groupAppointment"]["patients"]
    return [patient["label"] for patient in patients]


def test_a_week_is_shown_by_practitioner_on_the_clock_of_the_practice(visit: Callable[..., BoardPage]) -> None:
    board = visit()

    board.shows(1, "09:00")
    assert [row.inner_text() for row in board.page.get_by_role("heading", level=3).all()] == [
        "Bruno Balance",
        "Dr Pilar Springtoe",
    ]
    pilates = board.page.get_by_role("region", name="Dr Pilar Springtoe").get_by_role("cell").first
    assert plain(pilates.inner_text())[1:] == ["09:00–10:00", "Pilates", "2 of 6 seats left"]
    board.page.get_by_text("Australia/Sydney").wait_for()
    assert board.complaints == []
    assert [url for url in board.requests if not re.match(r"(http|ws)://127\.0\.0\.1:|data:", url)] == []


def test_conflicts_are_red_and_tell_what_is_in_the_way_and_when(visit: Callable[..., BoardPage]) -> None:
    board = visit()

    board.shows(AWAY, "Bruno Balance is away")
    assert reasons(board, AWAY) == ["Conflict: Bruno Balance is away 13:00–13:45"]
    assert "Conflict: Dr Pilar Springtoe also runs Back care online, 10:30–11:00" in reasons(board, EARLY)
    assert reasons(board, 40) == [
        "Conflict: Cosmo Marshmallow is also in Falls prevention with Dr Pilar Springtoe, 09:30–10:00"
    ]
    color = board.card(AWAY).locator(".reason").evaluate("reason => getComputedStyle(reason).color")
    assert color == "rgb(166, 27, 20)"
    assert reasons(board, FRIDAY) == []


def test_a_booking_takes_a_seat(visit: Callable[..., BoardPage], server: BoardServer) -> None:
    board = visit()
    board.shows(ALONE, "5 of 8 seats left")

    dialog = board.open(ALONE)
    board.choose("Wren Teacup")
    dialog.get_by_role("button", name="Book", exact=True).click()

    dialog.get_by_text("Wren Teacup is booked. 4 of 8 seats left.").wait_for()
    dialog.get_by_role("button", name="Cancel Wren Teacup").wait_for()
    dialog.get_by_role("button", name="Close").click()
    board.shows(ALONE, "4 of 8 seats left")
    assert "Wren Teacup" in attendees(server, ALONE)


def test_who_is_needed_elsewhere_is_told_at_the_name_and_booked_all_the_same(visit: Callable[..., BoardPage]) -> None:
    board = visit()
    dialog = board.open(EARLY)
    combobox = board.page.get_by_role("combobox", name="Book patients")

    combobox.fill("Hazel")
    assert plain(board.found.inner_text()) == ["Hazel Bellweather", "also in Back care online, 10:30–12:00"]
    combobox.press("Enter")
    dialog.get_by_role("button", name="Book", exact=True).click()
    error = dialog.get_by_role("list", name="Chosen patients").get_by_role("alert")
    error.wait_for()
    told = "This patient has another appointment at this time. Back care online, 10:30–12:00."
    assert plain(error.inner_text()) == [told]
    dialog.get_by_role("button", name="Book all the same").click()
    dialog.get_by_text("Hazel Bellweather is booked.").wait_for()
    dialog.get_by_role("button", name="Close").click()

    # Both sides of the conflict have it, though only one of them was written.
    board.shows(EARLY, "Hazel Bellweather is also in Back care online")
    board.shows(LATE, "Hazel Bellweather is also in Pilates")


def test_a_full_group_says_so_and_lets_wait(visit: Callable[..., BoardPage]) -> None:
    board = visit()
    board.page.get_by_role("button", name="Next week").click()
    board.shows(FULL, "Full: 4 of 4")
    dialog = board.open(FULL)
    board.choose("Wren Teacup")

    dialog.get_by_role("button", name="Book", exact=True).click()
    dialog.get_by_role("alert").get_by_text("0 of 4 seats are free").wait_for()
    dialog.get_by_label("1 patient without a seat waits for one").check()
    dialog.get_by_role("button", name="Book", exact=True).click()

    dialog.get_by_text("Wren Teacup waits at place 3").wait_for()
    dialog.get_by_role("listitem").get_by_text("Wren Teacup").wait_for()


def test_a_cancelled_place_is_free_again(visit: Callable[..., BoardPage], server: BoardServer) -> None:
    board = visit()
    board.shows(BACK_CARE, "7 of 12 seats left")
    somebody = attendees(server, BACK_CARE)[0]
    dialog = board.open(BACK_CARE)

    dialog.get_by_role("button", name=f"Cancel {somebody}").click()
    dialog.get_by_label("Reason").select_option("Is away")
    dialog.get_by_role("button", name="Cancel the place").click()

    dialog.get_by_text(f"{somebody} is cancelled.").wait_for()
    dialog.get_by_role("heading", name="4 attendees").wait_for()
    # The focus was on what is gone now, and stays in the dialog.
    assert board.page.evaluate("document.activeElement.closest('dialog') !== null")
    board.page.keyboard.press("Escape")
    board.shows(BACK_CARE, "8 of 12 seats left")


def test_what_another_client_does_is_seen_and_said_without_a_reload(
    visit: Callable[..., BoardPage], server: BoardServer
) -> None:
    board = visit()
    board.page.get_by_text("Live", exact=True).wait_for()
    board.shows(FRIDAY, "2 of 6 seats left")
    board.card(FRIDAY).focus()
    board.page.evaluate("window.here = true")
    moved = board.page.evaluate("window.moved")

    book(server, FRIDAY, 30)

    board.shows(FRIDAY, "1 of 6 seats left")
    board.page.get_by_role("status").get_by_text(re.compile("Pilates, Fri .* 11:30: 1 of 6 seats left")).wait_for()
    assert board.page.evaluate("window.here")
    assert board.focused_group() == FRIDAY
    assert board.page.evaluate("window.moved") == moved < 0.02

    # Who has turned to something else is not called back.
    board.page.get_by_role("heading", name="Group board").click()
    book(server, FRIDAY, 29)
    board.shows(FRIDAY, "Full: 6 of 6")
    assert board.page.evaluate("document.activeElement === document.body")


def test_a_conflict_comes_and_goes_on_both_sides(visit: Callable[..., BoardPage], server: BoardServer) -> None:
    board = visit(business=2)
    board.page.get_by_text("Live", exact=True).wait_for()
    assert reasons(board, LONDON_THURSDAY) == []
    group = server.demo.ask(GROUP, id=str(LONDON_THURSDAY))["groupAppointment"]

    # Only the group that is made is written, and only it that is archived.
    at_once = {"startsAt": group["startsAt"], "patientIds": group["patientIds"][:1]}
    made = server.demo.ask(CREATE, input=at_once | {"practitionerId": "3", "businessId": "2", "appointmentTypeId": "1"})
    board.shows(LONDON_THURSDAY, "is also in Pilates with Dr Stella Stretchwell")
    server.demo.ask(ARCHIVE, input={"id": made["createGroupAppointment"]["groupAppointment"]["id"]})

    board.card(LONDON_THURSDAY).locator(".reason").wait_for(state="detached")


def test_a_break_of_the_connection_loses_no_change(visit: Callable[..., BoardPage], server: BoardServer) -> None:
    board = visit(business=2)
    asked: list[Any] = []
    sockets: list[Any] = []
    broken = False

    def through(socket: Any) -> None:
        if broken:
            socket.close()
            return
        sockets.append(socket)
        onward = socket.connect_to_server()
        socket.on_message(lambda message: (asked.append(json.loads(message)), onward.send(message)))

    board.page.route_web_socket(re.compile("/graphql"), through)
    board.page.reload()
    board.page.get_by_text("Live", exact=True).wait_for()
    board.shows(LONDON_MONDAY, "2 of 6 seats left")
    book(server, LONDON_MONDAY, 29)
    board.shows(LONDON_MONDAY, "1 of 6 seats left")

    broken = True
    sockets[-1].close()
    board.page.get_by_text("Connection lost: trying again").wait_for()
    book(server, LONDON_MONDAY, 30)
    board.shows(LONDON_MONDAY, "1 of 6 seats left")
    broken = False

    board.shows(LONDON_MONDAY, "Full: 6 of 6")
    board.page.get_by_text("Live", exact=True).wait_for()
    cursors = [message["payload"]["variables"].get("after") for message in asked if message["type"] == "subscribe"]
    assert cursors[0] is None
    assert cursors[-1] is not None


def test_a_booking_whose_answer_is_lost_takes_effect_once(visit: Callable[..., BoardPage], server: BoardServer) -> None:
    board = visit(business=2)
    keys: list[str] = []

    def lose_the_first_answer(route: Any) -> None:
        body = route.request.post_data_json
        if body["operationName"] != "Book":
            route.continue_()
            return
        keys.append(body["variables"]["input"]["idempotencyKey"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    board.page.route("**/graphql", lose_the_first_answer)
    dialog = board.open(LONDON_THURSDAY)
    board.choose("Hazel Bellweather")
    dialog.get_by_role("button", name="Book", exact=True).click()

    dialog.get_by_text("Hazel Bellweather is booked. 6 of 12 seats left.").wait_for()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert attendees(server, LONDON_THURSDAY).count("Hazel Bellweather") == 1


def test_a_button_pressed_again_after_no_answer_books_once(
    visit: Callable[..., BoardPage], server: BoardServer
) -> None:
    board = visit(business=2)
    keys: list[str] = []

    def lose_the_answers(route: Any) -> None:
        body = route.request.post_data_json
        if body["operationName"] != "Book":
            route.continue_()
            return
        keys.append(body["variables"]["input"]["idempotencyKey"])
        route.fetch()
        route.abort()

    board.page.route("**/graphql", lose_the_answers)
    dialog = board.open(33)
    board.choose("Hazel Bellweather")
    dialog.get_by_role("button", name="Book", exact=True).click()
    dialog.get_by_role("alert").get_by_text("It may be done, or not").wait_for()
    board.page.unroute("**/graphql")
    dialog.get_by_role("button", name="Book", exact=True).click()

    dialog.get_by_text("Hazel Bellweather is booked. 4 of 8 seats left.").wait_for()
    assert len(set(keys)) == 1
    assert attendees(server, 33).count("Hazel Bellweather") == 1


def test_a_series_is_seen_with_its_conflicts_before_it_is_saved(visit: Callable[..., BoardPage]) -> None:
    board = visit()
    dialog = board.open(23, "Repeat")

    dialog.get_by_label("Step").select_option("days")
    dates = dialog.get_by_role("list", name="Dates").get_by_role("listitem")
    dates.filter(has_text="left out").wait_for()
    said = [plain(date.inner_text()) for date in dates.all()]
    assert [len(one) for one in said] == [1, 1, 1, 1, 2]
    assert said[4][1] == "Bruno Balance also runs Pilates, 11:30–11:45"
    dialog.get_by_label("How many more").fill("400")
    dialog.get_by_text("An appointment can repeat 0 to 365 times.").wait_for()
    dialog.get_by_label("How many more").fill("4")
    dialog.get_by_label("save all the same").check()
    dialog.get_by_role("button", name="Save 4 repeats").wait_for()
    dialog.get_by_label("leave out").check()
    dialog.get_by_role("button", name="Save 3 repeats").click()

    dialog.get_by_text("3 repeats saved, 1 left out.").wait_for()
    dialog.get_by_text("Repeats every day, 3 times").or_(dialog.get_by_text("Repeats every day, 4 times")).wait_for()
    dialog.get_by_role("button", name="Close").click()
    bruno = board.page.get_by_role("region", name="Bruno Balance")
    bruno.get_by_role("button", name=re.compile("11:00.*Hydrotherapy")).nth(3).wait_for()
    assert bruno.get_by_role("button", name=re.compile("11:00.*Hydrotherapy")).count() == 4


def test_a_series_whose_first_date_is_in_conflict_is_not_offered(visit: Callable[..., BoardPage]) -> None:
    board = visit()

    dialog = board.open(AWAY, "Repeat")

    dialog.get_by_role("alert").get_by_text("1 of 5 dates has conflicts").wait_for()
    save = dialog.get_by_role("button", name=re.compile("Save"))
    assert save.get_attribute("aria-disabled") == "true"
    dialog.get_by_label("save all the same").check()
    dialog.locator("[type=submit][aria-disabled=false]").wait_for()


def test_an_archived_group_leaves_the_board_and_the_focus_is_not_lost(visit: Callable[..., BoardPage]) -> None:
    board = visit(business=2)
    dialog = board.open(LONDON_FRIDAY, "Archive")

    dialog.get_by_role("button", name="Archive").click()

    board.card(LONDON_FRIDAY).wait_for(state="detached")
    board.page.get_by_role("status").get_by_text(re.compile("Pilates, Fri .*: archived")).wait_for()
    assert board.page.evaluate("document.activeElement.tagName") == "H2"


def test_everything_is_done_by_the_keyboard(visit: Callable[..., BoardPage], server: BoardServer) -> None:
    board = visit(business=2)
    press = board.page.keyboard.press
    board.shows(LONDON_MONDAY, "Pilates")

    stops = []
    for _ in range(5):
        press("Tab")
        stops.append(board.focused())
    assert stops[:4] == ["Practice", "Previous week", "This week", "Next week"]
    walked = [board.focused_group()]
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        press(key)
        walked.append(board.focused_group())
    # Along the days of one practitioner, then to the next one, and back.
    assert walked == [LONDON_MONDAY, 33, LONDON_MONDAY, 32, 33]

    press("Enter")
    board.page.get_by_role("dialog", name="Falls prevention").wait_for()
    dialog = board.page.get_by_role("dialog")
    dialog.get_by_role("heading", level=3).wait_for()
    for _ in range(25):
        press("Tab")
        assert not board.page.evaluate("document.querySelector('main').contains(document.activeElement)")
    dialog.get_by_role("tab", name="People").focus()
    press("ArrowRight")
    assert board.focused() == "Repeat"
    press("ArrowLeft")
    dialog.get_by_role("combobox").focus()
    board.page.keyboard.type("be")
    board.found.nth(1).wait_for()
    press("ArrowDown")
    second = board.found.and_(board.page.locator("[aria-selected=true]"))
    assert dialog.get_by_role("combobox").get_attribute("aria-activedescendant") == second.get_attribute("id")
    press("Escape")
    assert board.found.count() == 0
    assert dialog.is_visible()
    press("Escape")
    dialog.wait_for(state="hidden")
    assert board.focused_group() == 33


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_everybody_can_read_and_use_it(visit: Callable[..., BoardPage], scheme: str, width: int) -> None:
    board = visit(scheme=scheme, width=width)
    board.shows(AWAY, "is away")
    found: list[str] = []

    def look(name: str) -> None:
        board.page.screenshot(path=PICTURES / f"board-{scheme}-{width}-{name}.png")
        found.extend(board.faults())
        assert board.overflow() == 0

    look("week")
    dialog = board.open(40)
    dialog.get_by_role("heading", level=3).wait_for()
    look("people")
    board.page.get_by_role("combobox", name="Book patients").fill("be")
    board.found.first.wait_for()
    look("search")
    board.found.get_by_text("Jasper Emberlane").click()
    dialog.get_by_role("button", name="Book", exact=True).click()
    dialog.get_by_role("alert").wait_for()
    look("refused")
    dialog.get_by_role("tab", name="Repeat").click()
    dialog.get_by_role("list", name="Dates").get_by_role("listitem").nth(4).wait_for()
    look("repeat")
    dialog.get_by_role("tab", name="Archive").click()
    dialog.get_by_role("button", name="Archive").wait_for()
    look("archive")

    assert found == []
    assert board.complaints == []


def test_a_key_that_is_refused_is_told_in_words(visit: Callable[..., BoardPage]) -> None:
    board = visit()
    board.shows(1, "Pilates")
    board.page.route("**/session.json", lambda route: route.fulfill(json={"key": "gappt_guess", "actor": "front-desk"}))

    board.page.reload()

    board.page.get_by_role("alert").get_by_text("An API key is needed").wait_for()
    board.page.get_by_text("Not live: the key was refused").wait_for()


# Ctrl-C goes to everything that was started from a terminal; who ends a service tells it alone.
@pytest.mark.parametrize(("end", "by"), [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)], ids=["ctrl-c", "kill"])
def test_one_command_starts_the_board_and_ends_all_of_it(
    tmp_path: Path, end: Callable[[int, int], None], by: int
) -> None:
    if not BUILT.is_file():
        pytest.skip("the board has not been built: make test-browser")
    environment = {
        **os.environ,
        "GAPPT": f"{sys.executable} -m gappt_graphql",
        "PORT": str(free_port()),
        "TMPDIR": str(tmp_path),
    }
    started = subprocess.Popen(
        [str(NODE), "start.mjs"], cwd=BOARD, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert started.stdout
    try:
        address = started.stdout.readline().removeprefix("The board: ").strip()
        assert address.endswith(f"/?business=1&week={monday()}")
        address = address.partition("?")[0]
        page = httpx2.get(address)
        key = httpx2.get(f"{address}session.json").json()["key"]
        text = {"query": "{ businesses { totalCount } }"}
        refused = httpx2.post(f"{address}graphql", json=text, headers={"Authorization": f"Bearer {key}"})
        kept = list(tmp_path.iterdir())
        assert started.stdout.readline() == "Ctrl-C ends it.\n"
    finally:
        end(started.pid, by)
        started.communicate(timeout=30)

    assert "<title>Group board</title>" in page.text
    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert started.returncode == 0
    assert len(kept) == 1
    assert list(tmp_path.iterdir()) == []


def reasons(board: BoardPage, group: int) -> list[str]:
    return [" ".join(plain(reason.inner_text())) for reason in board.card(group).locator(".reason").all()]


def plain(text: str) -> list[str]:
    """Return the lines, without what keeps hours on one of them."""
    return [line.strip() for line in text.replace("\N{WORD JOINER}", "").splitlines() if line.strip()]
