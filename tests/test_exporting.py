"""Books, written out and taken in again."""

from io import StringIO
from pathlib import Path

import msgspec

from builders import Practice
from gappt_graphql import demo
from gappt_graphql.exporting import export
from gappt_graphql.importing import import_file
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.store import Account, Store

DATA = Path(__file__).parent / "data"


def ignore(done: int, total: int) -> None:
    """Show no progress."""


async def exported(store: Store, account: Account) -> str:
    out = StringIO()
    count = await export(store, account=account, out=out, progress=ignore)
    text = out.getvalue()
    assert count == text.count("\n")
    return text


async def taken(store: Store, practice: Practice, account: Account, path: Path) -> int:
    imported = await import_file(store, account=account, path=path, now=practice.now, ids=practice.ids, progress=ignore)
    return imported.created


async def an_account(practice: Practice, name: str) -> Account:
    account = Account(id=practice.ids.next(practice.now), name=name, created_at=practice.now)  # type: ignore[arg-type]
    await practice.store.add_account(account)
    return account


async def test_an_export_is_taken_in_by_a_fresh_account_and_exports_alike(practice: Practice, tmp_path: Path) -> None:
    full, fresh = await an_account(practice, "Full"), await an_account(practice, "Fresh")
    await demo.fill(
        practice.store,
        account=full,
        size="small",
        now=practice.now,
        ids=practice.ids,
        progress=ignore,
    )
    first = await exported(practice.store, full)
    path = tmp_path / "book.jsonl"
    path.write_text(first, encoding="utf-8")

    created = await taken(practice.store, practice, fresh, path)

    assert created == first.count("\n")
    assert await exported(practice.store, fresh) == first


async def test_a_foreign_file_exports_with_what_was_made_of_it(practice: Practice, tmp_path: Path) -> None:
    first, second = await an_account(practice, "First"), await an_account(practice, "Second")
    await taken(practice.store, practice, first, DATA / "clinic.json")
    text = await exported(practice.store, first)
    path = tmp_path / "book.jsonl"
    path.write_text(text, encoding="utf-8")
    await taken(practice.store, practice, second, path)

    assert await exported(practice.store, second) == text


async def test_an_export_taken_in_by_its_own_account_changes_nothing(practice: Practice, tmp_path: Path) -> None:
    await practice.group(patients=practice.patients[:3])
    path = tmp_path / "book.jsonl"
    path.write_text(await exported(practice.store, practice.account), encoding="utf-8")

    assert await taken(practice.store, practice, practice.account, path) == 0


async def test_a_record_has_the_shape_of_the_reference(practice: Practice) -> None:
    account = await an_account(practice, "Clinic")
    await taken(practice.store, practice, account, DATA / "clinic.json")

    lines = [msgspec.json.decode(line) for line in (await exported(practice.store, account)).splitlines()]

    assert next(line for line in lines if line["type"] == "group_appointment" and line["id"] == "51") == {
        "type": "group_appointment",
        "id": "51",
        "starts_at": "2026-03-23T10:00:00Z",
        "ends_at": "2026-03-23T11:00:00Z",
        "max_attendees": 2,
        "patient_ids": ["41"],
        "notes": "Room 2",
        "telehealth_url": "https://meet.example.com/51",
        "appointment_type": {"links": {"self": "/v1/appointment_types/31"}},
        "business": {"links": {"self": "/v1/businesses/11"}},
        "practitioner": {"links": {"self": "/v1/practitioners/21"}},
        "repeat_rule": {"number_of_repeats": 2, "repeat_type": "Weekly", "repeating_interval": 1},
        "series_position": 0,
        "plan": {"local": "2026-03-23T10:00:00", "time_zone": "Europe/London", "duration": "PT3600S"},
        "version": 1,
        "created_at": "2026-03-01T09:00:00Z",
        "updated_at": "2026-03-02T09:00:00Z",
        "archived_at": None,
        "deleted_at": None,
    }
    alone = next(line for line in lines if line["type"] == "group_appointment" and line["id"] == "54")
    assert alone["repeat_rule"] == {}
    assert "repeated_from" not in alone


async def test_a_root_comes_before_its_repeats(practice: Practice) -> None:
    account = await an_account(practice, "Clinic")
    await taken(practice.store, practice, account, DATA / "clinic.json")

    lines = [msgspec.json.decode(line) for line in (await exported(practice.store, account)).splitlines()]

    assert [line["id"] for line in lines if line["type"] == "group_appointment"] == ["51", "54", "52", "53"]


async def test_archived_attendees_and_those_who_left_the_waitlist_are_exported(practice: Practice) -> None:
    group = await practice.group()
    await practice.save(
        practice.new_attendee(group, practice.patients[0], archived_at=practice.now),
        practice.new(
            WaitlistEntry,
            group_appointment_id=group.id,
            patient_id=practice.patients[1].id,
            left_at=practice.now,
        ),
    )

    lines = [msgspec.json.decode(line) for line in (await exported(practice.store, practice.account)).splitlines()]

    kept = {line["type"]: line for line in lines}
    assert kept["attendee"]["archived_at"] == kept["waitlist_entry"]["left_at"] == "2026-03-02T08:00:00Z"


async def test_an_export_has_nothing_of_another_account(practice: Practice, other_practice: Practice) -> None:
    await other_practice.group(patients=other_practice.patients[:8])

    text = await exported(practice.store, practice.account)

    assert str(other_practice.practitioner.id) not in text


async def test_an_export_goes_on_past_one_slice(practice: Practice) -> None:
    await practice.save(*practice.new_patients(2_500))

    text = await exported(practice.store, practice.account)

    ids = [msgspec.json.decode(line)["id"] for line in text.splitlines() if '"type":"patient"' in line]
    assert len(set(ids)) == len(ids) == 2_512
