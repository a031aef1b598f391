"""The benchmark of peers: what is asked, what is checked, and what is told of it."""

from pathlib import Path

import pytest
from benchmarks.peers.asking import OPERATIONS, Asked, make_asked
from benchmarks.peers.checking import wrong_bookings
from benchmarks.peers.interchange import write_interchange
from benchmarks.peers.load import Point
from benchmarks.peers.report import report
from benchmarks.peers.results import BEGIN, END, write
from benchmarks.peers.rows import Rows, make_rows
from benchmarks.peers.targets import HERE, targets
from benchmarks.since import judged
from graphql import build_schema, parse, validate

from builders import Practice
from gappt_graphql.importing import import_file

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def rows() -> Rows:
    return make_rows()


@pytest.fixture(scope="module")
def asked(rows: Rows) -> Asked:
    return make_asked(rows, 170_000)


def test_no_booking_is_asked_for_twice(asked: Asked) -> None:
    assert len(set(asked.bookings)) == len(asked.bookings) == 170_000


def test_no_booking_is_for_a_patient_who_has_a_place_there(rows: Rows, asked: Asked) -> None:
    assert not set(asked.bookings) & {(one.group_appointment_id, one.patient_id) for one in rows.attendees}


def test_there_is_a_seat_for_each_booking(rows: Rows, asked: Asked) -> None:
    free = {one.id: one.max_attendees for one in rows.group_appointments}
    for appointment in [*(one.group_appointment_id for one in rows.attendees), *(each for each, _ in asked.bookings)]:
        free[appointment] -= 1

    assert min(free.values()) >= 0


def test_no_query_reads_what_bookings_change(rows: Rows, asked: Asked) -> None:
    booked = {str(appointment) for appointment, _ in asked.bookings}
    first = min(one.starts_at for one in rows.group_appointments if str(one.id) in booked).isoformat()

    assert not booked & {each["id"] for each in asked.variables["Q3"]}
    assert all(window["to"] < first for window in asked.variables["Q1"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_ours_is_asked_for_what_its_contract_has(name: str) -> None:
    folder = "ours" if (HERE / "operations" / "ours" / f"{name}.graphql").exists() else "default"
    text = (HERE / "operations" / folder / f"{name}.graphql").read_text()

    assert validate(build_schema((PROJECT / "schema.graphql").read_text(), assume_valid_sdl=True), parse(text)) == []


async def test_the_data_are_taken_by_an_import(rows: Rows, practice: Practice, tmp_path: Path) -> None:
    attendees = [one for one in rows.attendees if one.group_appointment_id <= 60]
    people = {one.patient_id for one in attendees}
    few = rows._replace(
        patients=[one for one in rows.patients if one.id in people],
        group_appointments=rows.group_appointments[:60],
        attendees=attendees,
    )
    file = tmp_path / "few.jsonl"
    write_interchange(few, file)

    taken = await import_file(
        practice.store,
        account=practice.account,
        path=file,
        now=practice.now,
        ids=practice.ids,
        progress=lambda done, total: None,
    )

    assert taken.created == sum(map(len, few))


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        ([(1, 1), (1, 2)], []),
        ([(1, 1), (1, 2), (1, 3)], []),  # the last was in flight when nobody listened any more
        ([(1, 1), (1, 2), (1, 2)], ["1 bookings are there twice"]),
        ([(1, 1)], ["1 of 2 bookings that were told are not there"]),
        ([(1, 1), (1, 2), (9, 9)], ["1 bookings are there that nobody asked for"]),
    ],
)
def test_each_booking_that_was_told_has_to_be_there_once(stored: list[tuple[int, int]], wrong: list[str]) -> None:
    assert wrong_bookings(stored, {(1, 1), (1, 2), (1, 3)}, told=2) == wrong


def test_ours_is_divided_by_the_best_peer_of_the_same_store_round_by_round() -> None:
    found = [one for one in targets(Path(), Path()) if one.store == "sqlite" and one.name in COSTS]
    points = {
        (one.key, name): [_point(cpu * slower) for cpu, slower in zip(COSTS[one.name], (1, 3), strict=True)]
        for one in found
        for name in ("Q1",)
    }

    assert "| **best peer**, sqlite | **0.500 ±0%** yoga-jit |" in report(found, points, ["Q1"])


COSTS = {"gappt-graphql": (200, 200), "yoga-jit": (100, 100), "apollo": (300, 300), "limit": (10, 10)}


def _point(cpu: float) -> Point:
    return Point(1000, 1000.0, cpu, None, 1.0, 2.0, 100.0, 0, "")


def test_what_else_is_in_the_file_of_results_stays(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text(f"# Results\n\n{BEGIN}\nold\n{END}\n\n## Others\n")

    write(file, "new")

    assert file.read_text() == f"# Results\n\n{BEGIN}\n\nnew\n\n{END}\n\n## Others\n"


def test_results_that_have_no_place_are_not_written_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text("# Results\n")

    with pytest.raises(ValueError, match="no place"):
        write(file, "new")

    assert file.read_text() == "# Results\n"


def test_the_project_has_a_place_for_the_results() -> None:
    text = (PROJECT / "benchmarks" / "RESULTS.md").read_text()

    assert text.index(BEGIN) < text.index(END)


@pytest.mark.parametrize(("now", "worse"), [(900, False), (1_000, False), (1_099, False), (1_101, True), (5_000, True)])
def test_more_than_a_tenth_more_than_at_another_revision_is_a_regression(now: int, worse: bool) -> None:
    told, is_worse = judged(1_000, now)

    assert is_worse == worse == ("more than a tenth more" in told)
