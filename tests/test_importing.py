"""Files of records, taken into the book: all or nothing, and twice is the same as once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import Practice
from gappt_graphql import importing
from gappt_graphql.importing import BadRecords, Counts, Imported, import_file
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.repeats import Plan, RepeatRule, RepeatType
from gappt_graphql.store import Book
from past import Past

DATA = Path(__file__).parent / "data"

Writer = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    """Write records as JSON Lines, and return the file."""

    def write(*records: object, name: str = "records.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(b"\n".join(map(msgspec.json.encode, records)))
        return path

    return write


async def take(practice: Practice, path: Path) -> Imported:
    return await import_file(
        practice.store,
        account=practice.account,
        path=path,
        now=practice.now,
        ids=practice.ids,
        progress=lambda done, total: None,
    )


async def refused(practice: Practice, path: Path) -> list[tuple[int, str]]:
    with pytest.raises(BadRecords) as bad:
        await take(practice, path)
    return bad.value.lines


async def stored(practice: Practice, kind: type[Any], *ids: int) -> list[Any]:
    async def work(book: Book) -> list[Any]:
        found = await book.find(kind, ids)
        return [found.get(id) for id in ids]

    return await practice.store.read(practice.account.id, work)


async def changes(practice: Practice) -> list[tuple[str, int, tuple[str, ...]]]:
    async def work(book: Book) -> Any:
        return await book.changes(after=0, limit=1000, ids=None, practitioners=None, businesses=None)

    found = await practice.store.read(practice.account.id, work)
    return [(change.kind, change.group_appointment_id, change.changed_fields) for change in found]


def an_appointment(practice: Practice, id: int = 5, **fields: object) -> dict[str, object]:
    usual = {
        "type": "group_appointment",
        "id": str(id),
        "starts_at": "2026-03-23T10:00:00Z",
        "ends_at": "2026-03-23T11:00:00Z",
        "max_attendees": 2,
        "appointment_type_id": str(practice.type.id),
        "business_id": str(practice.business.id),
        "practitioner_id": str(practice.practitioner.id),
    }
    return usual | fields


def an_attendee(id: int, patient: Patient, group: int = 5, **fields: object) -> dict[str, object]:
    return {"type": "attendee", "id": str(id), "booking_id": str(group), "patient_id": str(patient.id)} | fields


async def test_a_file_in_the_shape_of_the_reference_is_taken_as_it_is(practice: Practice) -> None:
    imported = await take(practice, DATA / "clinic.json")

    assert imported.by_kind == {
        "businesses": Counts(1, 0, 0),
        "practitioners": Counts(1, 0, 0),
        "appointment_types": Counts(1, 0, 0),
        "patients": Counts(3, 0, 0),
        "unavailable_blocks": Counts(1, 0, 0),
        "group_appointments": Counts(4, 0, 0),
        "attendees": Counts(2, 0, 0),
        "waitlist_entries": Counts(1, 0, 0),
    }
    made = datetime(2025, 1, 6, 9, tzinfo=UTC)
    assert await stored(practice, Business, 11) == [
        Business(id=11, name="Riverside", time_zone="Europe/London", created_at=made, updated_at=made)
    ]
    assert [p.label for p in await stored(practice, Practitioner, 21)] == ["Dr Stella Stretchwell"]
    assert [t.description for t in await stored(practice, AppointmentType, 31)] == ["On mats.\nBring a towel."]
    assert [b.notes for b in await stored(practice, UnavailableBlock, 71)] == ["Training"]
    first, second, third = await stored(practice, Patient, 41, 42, 43)
    assert (first.email, str(first.date_of_birth)) == ("juniper@example.com", "1971-04-30")
    assert second.created_at == made + timedelta(milliseconds=125)
    assert third.archived_at == datetime(2026, 2, 1, tzinfo=UTC)


async def test_an_imported_appointment_keeps_its_times_links_and_timestamps(practice: Practice) -> None:
    await take(practice, DATA / "clinic.json")

    [group] = await stored(practice, GroupAppointment, 51)
    assert (group.starts_at, group.ends_at) == (
        datetime(2026, 3, 23, 10, tzinfo=UTC),
        datetime(2026, 3, 23, 11, tzinfo=UTC),
    )
    assert (group.appointment_type_id, group.business_id, group.practitioner_id) == (31, 11, 21)
    assert (group.created_at, group.updated_at) == (
        datetime(2026, 3, 1, 9, tzinfo=UTC),
        datetime(2026, 3, 2, 9, tzinfo=UTC),
    )
    assert group.repeat_rule == RepeatRule(RepeatType.WEEKLY, 1, 2)
    assert group.active_attendees == 1
    [archived] = await stored(practice, GroupAppointment, 54)
    assert (archived.archived_at, archived.repeat_rule) == (datetime(2026, 3, 3, 9, tzinfo=UTC), None)


async def test_an_imported_attendee_keeps_the_reason_of_the_cancellation(practice: Practice) -> None:
    await take(practice, DATA / "clinic.json")

    came, cancelled = await stored(practice, Attendee, 61, 62)
    assert (came.group_appointment_id, came.patient_id, came.arrived, came.active) == (51, 41, True, True)
    assert (cancelled.cancellation_reason, cancelled.cancellation_note) == (CancellationReason.SICK, "A cold")
    assert not cancelled.active


async def test_a_series_without_positions_gets_them_from_its_rule_and_then_from_time(practice: Practice) -> None:
    await take(practice, DATA / "clinic.json")

    root, matching, moved = await stored(practice, GroupAppointment, 51, 52, 53)
    hour = timedelta(hours=1)
    # The clocks of London change on 29 March: the second meets at 10:00 there, an hour earlier in UTC.
    assert (root.series_position, root.plan) == (0, Plan(datetime(2026, 3, 23, 10), "Europe/London", hour))
    assert (matching.series_position, matching.plan) == (1, Plan(datetime(2026, 3, 30, 10), "Europe/London", hour))
    assert (moved.series_position, moved.plan) == (2, Plan(datetime(2026, 4, 6, 10), "Europe/London", hour))
    assert matching.starts_at == datetime(2026, 3, 30, 9, tzinfo=UTC)


async def test_importing_twice_changes_nothing(practice: Practice) -> None:
    await take(practice, DATA / "clinic.json")
    told = await changes(practice)

    practice.now += timedelta(hours=1)
    again = await take(practice, DATA / "clinic.json")

    assert (again.created, again.updated, again.unchanged) == (0, 0, 14)
    assert await changes(practice) == told


async def test_a_file_that_leaves_timestamps_out_changes_nothing_the_second_time(
    practice: Practice, written: Writer
) -> None:
    path = written(an_appointment(practice), an_attendee(6, practice.patients[0]))
    await take(practice, path)

    practice.now += timedelta(hours=1)
    again = await take(practice, path)

    assert (again.created, again.updated) == (0, 0)


async def test_a_known_id_with_other_values_is_updated(practice: Practice, written: Writer) -> None:
    group = await practice.group(notes="Room 1")
    practice.now += timedelta(hours=1)

    imported = await take(practice, written({"type": "group_appointment", "id": str(group.id), "notes": None}))

    assert imported.by_kind == {"group_appointments": Counts(0, 1, 0)}
    after = await practice.reload(group)
    assert (after.notes, after.version, after.updated_at) == (None, group.version + 1, practice.now)
    assert await changes(practice) == [("UPDATED", group.id, ("notes",))]


async def test_an_absent_field_leaves_the_stored_value(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]

    await take(practice, written({"type": "patient", "id": str(patient.id), "email": "new@example.com"}))

    after = await practice.reload(patient)
    assert (after.first_name, after.email) == (patient.first_name, "new@example.com")


async def test_the_audit_names_the_file_by_its_digest(practice: Practice, written: Writer, past: Past) -> None:
    path = written({"type": "patient", "id": "5", "last_name": "Teacup"})
    await take(practice, path)

    [(operation, kind, after)] = past.rows("SELECT operation, record_kind, after FROM audit")

    assert (operation, kind) == ("Import", "Import")
    assert msgspec.json.decode(after) == {
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "counts": {"patients": {"created": 1, "updated": 0, "unchanged": 0}},
    }


async def test_every_bad_record_is_told_by_its_line_and_nothing_is_taken(practice: Practice) -> None:
    lines = await refused(practice, DATA / "bad.jsonl")

    assert lines == [
        (1, "time_zone_identifier must be the IANA name of a time zone, like Australia/Sydney"),
        (2, "email must be an e-mail address"),
        (3, "id must be an id, a string of digits from 1 to 9223372036854775807"),
        (5, "id must be an id, a string of digits from 1 to 9223372036854775807"),
        (6, "active must be true or false"),
        (7, "duration_in_minutes must be a whole number from 0 to 1440"),
        (7, "max_attendees must be a whole number from 0 to 100"),
        (
            8,
            "type must be one of business, practitioner, appointment_type, patient, unavailable_block, "
            "group_appointment, attendee, waitlist_entry",
        ),
        (9, "the JSON ends too early"),
        (10, "last_name is refused: the text has control characters or broken Unicode in it"),
        (11, "the patient 3 is in line 10 already"),
        (12, "starts_at must be a time with seconds and an offset, like 2026-03-02T09:00:00Z, on a day that exists"),
        (13, "ends_at must be after starts_at"),
        (14, "ends_at, practitioner are missing"),
        (15, "repeat_rule has a repeat_type other than Daily, Weekly and Monthly"),
        (16, "practitioner names practitioners/99, which is neither in the file nor in the book"),
        (17, "cancellation_reason must be one of 10, 20, 30, 31, 40, 50, 60"),
        (18, 'patient must be a link to one of patients: {"links": {"self": ".../patients/1"}}'),
        (19, "booking names group_appointments/77, which is neither in the file nor in the book"),
    ]
    assert await stored(practice, Patient, 2, 3) == [None, None]
    assert await changes(practice) == []


async def test_the_line_of_a_record_in_json_is_the_one_on_which_it_starts(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text('{"links": {"self": "x"},\n"patients": [\n{"id": "1",\n"last_name": "A"}, {"id": "1"},\n\n5]}')

    assert await refused(practice, path) == [
        (4, "the patient 1 is in line 3 already"),
        (6, "a record must be an object"),
    ]


async def test_a_json_list_of_tagged_records_is_taken(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text('[\n{"type": "patient", "id": "1", "last_name": "A"},\n{"type": "patient", "id": 2}\n]')

    assert (await take(practice, path)).created == 2


async def test_a_single_line_is_known_as_json_lines_by_its_type(practice: Practice, written: Writer) -> None:
    path = written({"type": "patient", "id": "1", "last_name": "A"}, name="records.txt")

    assert (await take(practice, path)).created == 1


async def test_an_empty_file_has_nothing_to_take(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(b"\xef\xbb\xbf \n")

    assert (await take(practice, path)).by_kind == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"patients": [\n{"id": "1"}\n', [(2, "the JSON ends too early")]),
        ('{"patients": [\n{"id": "1"},\n]}', [(3, "this is no JSON: trailing comma in array")]),
        ('{"patients": {}}', [(1, "patients must be a list")]),
        ("[" * 100_000, [(1, "the file is nested too deeply")]),
        ('{"rooms": []}', None),
    ],
)
async def test_a_file_that_is_no_list_of_records_is_refused(
    practice: Practice, tmp_path: Path, text: str, lines: list[tuple[int, str]] | None
) -> None:
    path = tmp_path / "records.json"
    path.write_text(text)

    found = await refused(practice, path)

    assert found == lines if lines is not None else found[0][0] == 1


async def test_text_that_is_not_utf_8_is_refused(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"type": "patient", "id": "1", "last_name": "\xff"}')

    assert await refused(practice, path) == [(1, "the text is not UTF-8")]


async def test_more_active_attendees_than_seats_are_refused(practice: Practice, written: Writer) -> None:
    attendees = [an_attendee(n, patient) for n, patient in enumerate(practice.patients[:3], start=1)]

    lines = await refused(practice, written(an_appointment(practice, max_attendees=2), *attendees))

    assert lines == [(1, "the group appointment 5 is over-booked: max_attendees is 2 and 3 attendees are active")]


async def test_attendees_of_the_book_count_as_well(practice: Practice, written: Writer) -> None:
    group = await practice.group(patients=practice.patients[:2], max_attendees=2)

    lines = await refused(practice, written(an_attendee(1, practice.patients[2], group.id)))

    assert [line for line, _ in lines] == [1]


async def test_fewer_seats_than_the_book_has_attendees_are_refused(practice: Practice, written: Writer) -> None:
    group = await practice.group(patients=practice.patients[:2])

    lines = await refused(practice, written({"type": "group_appointment", "id": str(group.id), "max_attendees": 1}))

    assert [line for line, _ in lines] == [1]


async def test_a_patient_twice_in_one_group_is_refused(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]

    lines = await refused(practice, written(an_appointment(practice), an_attendee(1, patient), an_attendee(2, patient)))

    assert lines == [(3, f"patient {patient.id} has a seat in group appointment 5 already, in line 2")]


async def test_a_patient_who_has_a_seat_in_the_book_is_refused_another(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]
    group = await practice.group(patients=[patient])

    lines = await refused(practice, written(an_attendee(1, patient, group.id)))

    assert lines == [(1, f"patient {patient.id} has a seat in group appointment {group.id} already, in the book")]


async def test_a_seat_may_change_hands_in_one_file(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]
    await take(practice, written(an_appointment(practice, max_attendees=1), an_attendee(1, patient)))

    cancelled = an_attendee(1, patient, cancelled_at="2026-03-01T00:00:00Z")
    await take(practice, written(an_attendee(2, patient), cancelled))

    [group] = await stored(practice, GroupAppointment, 5)
    assert group.active_attendees == 1


async def test_new_attendees_touch_an_appointment_that_the_file_does_not_state(
    practice: Practice, written: Writer
) -> None:
    group = await practice.group()
    practice.now += timedelta(hours=1)

    await take(practice, written(an_attendee(1, practice.patients[0], group.id)))

    after = await practice.reload(group)
    assert (after.active_attendees, after.updated_at, after.version) == (1, practice.now, group.version)
    assert [(kind, id) for kind, id, _ in await changes(practice)] == [("ATTENDEES_CHANGED", group.id)]


async def test_an_attendee_cannot_move_to_another_patient(practice: Practice, written: Writer) -> None:
    await take(practice, written(an_appointment(practice), an_attendee(1, practice.patients[0])))

    lines = await refused(practice, written(an_attendee(1, practice.patients[1])))

    assert lines == [(1, "the attendee 1 is in the book with another patient")]


async def test_a_group_shrinks_while_its_attendees_leave_in_a_later_slice(
    practice: Practice, written: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "SLICE", 1)
    group = await practice.group(patients=practice.patients[:2], max_attendees=2)
    attendees = (await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id])))[group.id]
    cancelled = {"type": "attendee", "id": str(attendees[1].id), "cancelled_at": "2026-03-01T00:00:00Z"}

    await take(practice, written({"type": "group_appointment", "id": str(group.id), "max_attendees": 1}, cancelled))

    [after] = await stored(practice, GroupAppointment, group.id)
    assert (after.max_attendees, after.active_attendees) == (1, 1)


async def test_listed_patients_without_attendees_get_seats_once(practice: Practice, written: Writer) -> None:
    listed = [str(patient.id) for patient in practice.patients[:2]]
    path = written(an_appointment(practice, patient_ids=listed))
    first = await take(practice, path)
    second = await take(practice, path)

    assert first.by_kind["attendees"] == Counts(2, 0, 0)
    assert second.created == 0
    [group] = await stored(practice, GroupAppointment, 5)
    assert group.active_attendees == 2


async def test_a_cancelled_attendee_is_not_seated_by_a_list(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]
    cancelled = an_attendee(1, patient, cancelled_at="2026-03-01T00:00:00Z")

    await take(practice, written(an_appointment(practice, patient_ids=[str(patient.id)]), cancelled))

    [group] = await stored(practice, GroupAppointment, 5)
    assert group.active_attendees == 0


async def test_a_repeat_of_a_repeat_is_refused(practice: Practice, written: Writer) -> None:
    lines = await refused(
        practice,
        written(
            an_appointment(practice, 5),
            an_appointment(practice, 6, repeated_from_id="5"),
            an_appointment(practice, 7, repeated_from_id="6"),
            an_appointment(practice, 8, repeated_from_id="7"),
        ),
    )

    assert lines == [
        (3, "repeated_from names 6, which is itself a repeat"),
        (4, "repeated_from names 7, which is itself a repeat"),
    ]


async def test_repeats_join_a_series_of_the_book(practice: Practice, written: Writer) -> None:
    root = await practice.group()
    repeat = an_appointment(practice, 6, repeated_from_id=str(root.id))

    await take(practice, written(repeat))

    assert [group.series_position for group in await stored(practice, GroupAppointment, root.id, 6)] == [0, 1]


async def test_two_occurrences_with_one_position_are_refused(practice: Practice, written: Writer) -> None:
    lines = await refused(
        practice,
        written(
            an_appointment(practice, 5),
            an_appointment(practice, 6, repeated_from_id="5", series_position=1),
            an_appointment(practice, 7, repeated_from_id="5", series_position=1),
        ),
    )

    assert lines == [(3, "series_position 1 is that of another occurrence of 5")]


async def test_a_patient_who_waits_twice_is_refused(practice: Practice, written: Writer) -> None:
    entry = {"type": "waitlist_entry", "group_appointment_id": "5", "patient_id": str(practice.patients[0].id)}

    lines = await refused(practice, written(an_appointment(practice), entry | {"id": "1"}, entry | {"id": "2"}))

    assert lines == [(3, f"patient {practice.patients[0].id} waits in group appointment 5 already, in line 2")]


async def test_a_patient_with_a_seat_does_not_wait(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]
    entry = {"type": "waitlist_entry", "id": "1", "group_appointment_id": "5", "patient_id": str(patient.id)}

    lines = await refused(practice, written(an_appointment(practice), an_attendee(1, patient), entry))

    assert lines == [(3, f"patient {patient.id} has a seat, so can't wait for one")]


async def test_records_of_another_account_are_not_there(
    practice: Practice, other_practice: Practice, written: Writer
) -> None:
    foreign = str(other_practice.practitioner.id)

    lines = await refused(practice, written(an_appointment(practice, practitioner_id=foreign)))

    assert lines == [(1, f"practitioner names practitioners/{foreign}, which is neither in the file nor in the book")]


async def test_one_id_may_be_in_two_accounts(practice: Practice, other_practice: Practice) -> None:
    await take(practice, DATA / "clinic.json")

    assert (await take(other_practice, DATA / "clinic.json")).created == 14


async def test_progress_reaches_the_end(practice: Practice) -> None:
    seen: list[tuple[int, int]] = []

    await import_file(
        practice.store,
        account=practice.account,
        path=DATA / "clinic.json",
        now=practice.now,
        ids=practice.ids,
        progress=lambda done, total: seen.append((done, total)),
    )

    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


async def test_an_appointment_that_repeats_itself_is_refused(practice: Practice, written: Writer) -> None:
    lines = await refused(practice, written(an_appointment(practice, repeated_from_id="5")))

    assert lines == [(1, "repeated_from names 5, which is itself a repeat")]


async def test_a_position_that_is_taken_in_the_book_is_refused(practice: Practice, written: Writer) -> None:
    first = an_appointment(practice, 6, repeated_from_id="5", series_position=1)
    second = an_appointment(practice, 7, repeated_from_id="5", series_position=2)
    await take(practice, written(an_appointment(practice, 5), first, second))

    lines = await refused(practice, written(second | {"series_position": 1}))

    assert lines == [(1, "series_position 1 is that of another occurrence of 5")]


async def test_two_positions_may_be_swapped(practice: Practice, written: Writer) -> None:
    first = an_appointment(practice, 6, repeated_from_id="5", series_position=1)
    second = an_appointment(practice, 7, repeated_from_id="5", series_position=2)
    await take(practice, written(an_appointment(practice, 5), first, second))

    await take(practice, written(first | {"series_position": 2}, second | {"series_position": 1}))

    assert [group.series_position for group in await stored(practice, GroupAppointment, 6, 7)] == [2, 1]


async def test_an_appointment_cannot_move_to_another_series(practice: Practice, written: Writer) -> None:
    repeat = an_appointment(practice, 7, repeated_from_id="5")
    await take(practice, written(an_appointment(practice, 5), an_appointment(practice, 6), repeat))

    lines = await refused(practice, written(repeat | {"repeated_from_id": "6"}))

    assert lines == [(1, "the group_appointment 7 is in the book with another repeated_from")]


async def test_an_archived_appointment_is_restored_by_a_file_that_says_so(practice: Practice, written: Writer) -> None:
    archived = an_appointment(practice, archived_at="2026-03-01T00:00:00Z")
    await take(practice, written(archived))

    await take(practice, written({"type": "group_appointment", "id": "5", "archived_at": None}))

    [group] = await stored(practice, GroupAppointment, 5)
    assert (group.archived_at, group.version) == (None, 2)
    assert (await changes(practice))[-1][0] == "RESTORED"


async def test_an_older_twin_alone_archives_as_well(practice: Practice, written: Writer) -> None:
    await take(practice, written(an_appointment(practice, archived_at=None, deleted_at="2026-03-01T00:00:00Z")))

    [group] = await stored(practice, GroupAppointment, 5)
    assert group.archived_at == datetime(2026, 3, 1, tzinfo=UTC)


async def test_a_link_and_an_id_that_disagree_are_refused(practice: Practice, written: Writer) -> None:
    both = {"practitioner": {"links": {"self": "/v1/practitioners/1"}}, "practitioner_id": "2"}

    lines = await refused(practice, written(an_appointment(practice) | both))

    assert lines == [(1, "practitioner and practitioner_id name different records")]


async def test_a_record_that_is_refused_does_not_make_others_bad(practice: Practice, written: Writer) -> None:
    lines = await refused(
        practice,
        written(an_appointment(practice, max_attendees=0), an_attendee(1, practice.patients[0])),
    )

    assert lines == [(1, "max_attendees must be a whole number from 1 to 100")]


async def test_the_examples_of_the_documentation_can_be_imported(practice: Practice, tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "docs" / "interchange.md").read_text(encoding="utf-8")
    lines, lists = (part.partition("```")[0] for part in text.split("```json\n")[1:3])
    (tmp_path / "lines.txt").write_text(lines)
    (tmp_path / "lists.txt").write_text(lists)

    assert (await take(practice, tmp_path / "lines.txt")).created == 2
    assert (await take(practice, tmp_path / "lists.txt")).unchanged == 2


async def test_a_known_attendee_is_cancelled_by_what_the_file_states_of_it(practice: Practice, written: Writer) -> None:
    await take(practice, written(an_appointment(practice), an_attendee(1, practice.patients[0])))

    await take(practice, written({"type": "attendee", "id": "1", "cancelled_at": "2026-03-01T00:00:00Z"}))

    [group] = await stored(practice, GroupAppointment, 5)
    assert group.active_attendees == 0
    assert (await changes(practice))[-1][0] == "ATTENDEES_CHANGED"


async def test_who_waits_in_the_book_gets_a_seat_only_by_leaving_the_list(practice: Practice, written: Writer) -> None:
    patient = practice.patients[0]
    entry = {"type": "waitlist_entry", "id": "1", "group_appointment_id": "5", "patient_id": str(patient.id)}
    await take(practice, written(an_appointment(practice), entry))

    lines = await refused(practice, written(an_attendee(1, patient)))
    await take(practice, written(an_attendee(1, patient), entry | {"left_at": "2026-03-01T00:00:00Z"}))

    assert lines == [(1, f"patient {patient.id} waits in the book, so the file must end that with left_at")]
