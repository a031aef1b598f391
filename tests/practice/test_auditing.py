"""The audit is a chain: what was done to it past the program shows, and where."""

import io
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from builders import Practice
from gappt_graphql.practice import auditing
from gappt_graphql.practice.access import ensure_account, issue_key, revoke_key
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import Account, AuditRow, audit_hash
from past import Past
from reception import book_one, cancel, waiting


@pytest.fixture
async def written(practice: Practice) -> list[int]:
    """The numbers of an audit of five bookings and more."""
    group = await practice.group()
    for patient in practice.patients[:5]:
        await book_one(practice, group, patient)
    rows = await practice.store.read(practice.account.id, lambda book: book.audit(after=0, limit=100))
    return [row.number for row in rows]


async def verified(practice: Practice, account: Account | None = None) -> auditing.Verified:
    return await auditing.verify(practice.store, account=(account or practice.account).id)


async def test_an_audit_as_it_was_written_is_found_so(practice: Practice, written: list[int]) -> None:
    found = await verified(practice)

    assert (found.rows, found.broken_at, found.reason) == (len(written), None, None)
    assert len(found.last_hash) == 64


async def test_an_account_of_which_nothing_was_written_has_a_sound_audit(practice: Practice) -> None:
    assert await verified(practice) == auditing.Verified(0, "")


@pytest.mark.parametrize(
    "column",
    ["at", "key_id", "actor", "request_id", "operation", "record_kind", "record_id", "before", "after", "hash"],
)
async def test_a_row_that_was_changed_is_named(practice: Practice, written: list[int], past: Past, column: str) -> None:
    value = 12 if column in ("at", "key_id", "record_id") else "12" * 32
    past.unguarded(f"UPDATE audit SET {column} = ? WHERE number = ?", value, written[4])

    assert (await verified(practice)).broken_at == written[4]


@pytest.mark.sqlite("values that no other database takes")
@pytest.mark.parametrize("change", ["after = CAST(x'ff' AS TEXT)", "at = 'yesterday'", "at = 9223372036854775807"])
async def test_a_row_that_cannot_be_read_is_noticed(
    practice: Practice, written: list[int], past: Past, change: str
) -> None:
    past.unguarded(f"UPDATE audit SET {change} WHERE number = ?", written[4])

    assert "is no row of this program any more" in ((await verified(practice)).reason or "")


async def test_a_row_that_is_missing_is_noticed_at_the_next(practice: Practice, written: list[int], past: Past) -> None:
    past.unguarded("DELETE FROM audit WHERE number = ?", written[4])

    assert (await verified(practice)).broken_at == written[5]


@pytest.mark.parametrize("count", [1, 3])
async def test_rows_that_were_cut_off_at_the_end_are_noticed(
    practice: Practice, written: list[int], past: Past, count: int
) -> None:
    past.unguarded("DELETE FROM audit WHERE number > ?", written[-count - 1])

    found = await verified(practice)

    assert found.broken_at == written[-count - 1]
    assert "cut off" in str(found.reason)


async def test_rows_that_were_cut_off_are_noticed_though_the_account_was_made_to_end_before_them(
    practice: Practice, written: list[int], past: Past
) -> None:
    past.unguarded("DELETE FROM audit WHERE number > ?", written[4])
    past.unguarded("UPDATE accounts SET audit_number = ?", written[4])

    found = await verified(practice)

    assert found.broken_at == written[4]
    assert "with another hash" in str(found.reason)


async def test_an_audit_that_is_gone_is_noticed(practice: Practice, written: list[int], past: Past) -> None:
    past.unguarded("DELETE FROM audit")

    assert "cut off" in str((await verified(practice)).reason)


async def test_rows_that_have_changed_places_are_noticed(practice: Practice, written: list[int], past: Past) -> None:
    one, other = written[2], written[4]
    for number, to in ((one, 0), (other, one), (0, other)):
        past.unguarded("UPDATE audit SET number = ? WHERE number = ?", to, number)

    assert (await verified(practice)).broken_at == one


async def test_rows_of_another_account_do_not_fit(
    practice: Practice, other_practice: Practice, written: list[int], past: Past
) -> None:
    past.unguarded("UPDATE audit SET account_id = ?", other_practice.account.id)
    end = "SELECT audit_number, audit_hash FROM accounts WHERE account_id = ?"
    ends = past.rows(end, practice.account.id)[0]
    past.unguarded(
        "UPDATE accounts SET audit_number = ?, audit_hash = ? WHERE account_id = ?",
        *ends,
        other_practice.account.id,
    )

    assert (await verified(practice, other_practice.account)).broken_at == written[0]


async def test_whoever_has_the_export_can_compute_the_hashes(practice: Practice, written: list[int]) -> None:
    await practice.save(practice.new(Patient, first_name="Zoë \u2028 \x7f", last_name='O"Hara\\'))
    out = io.StringIO()

    assert await auditing.export(practice.store, account=practice.account.id, out=out) == len(written)

    previous = ""
    for line in out.getvalue().splitlines():
        row = json.loads(line)
        at = sqlite_instant(row["at"])
        fields = [row["number"], at, *(row[name] for name in list(row)[2:-1])]
        text = json.dumps([previous, practice.account.id, *fields], ensure_ascii=False, separators=(",", ":"))
        previous = sha256(text.encode()).hexdigest()
        assert row["hash"] == previous


def test_the_hash_is_of_the_documented_text_whatever_characters_are_in_it() -> None:
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    for first in range(0, len(every), 50_000):
        characters = "".join(every[first : first + 50_000])
        row = AuditRow(
            number=2**63 - 1,
            at=datetime(1900, 1, 1, microsecond=1, tzinfo=UTC),
            key_id=None,
            actor=characters,
            request_id="",
            operation="Test",
            record_kind="Patient",
            record_id=1,
            before=None,
            after=characters,
        )
        fields = [2**63 - 1, -2208988799999999, None, characters, "", "Test", "Patient", 1, None, characters]
        text = json.dumps(["before", 7, *fields], ensure_ascii=False, separators=(",", ":"))
        assert audit_hash(row, account=AccountId(7), previous="before") == sha256(text.encode()).hexdigest()


def sqlite_instant(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


async def test_the_history_of_an_appointment_is_that_of_its_attendees_and_waitlist_too_newest_first(
    practice: Practice,
) -> None:
    from gappt_graphql.practice.attendance import JoinWaitlist, join_waitlist

    group, other = await practice.group(max_attendees=1), await practice.group()
    attendee = await book_one(practice, group, practice.patients[0])
    await join_waitlist(practice.desk, JoinWaitlist(group_appointment_id=group.id, patient_id=practice.patients[1].id))
    await cancel(practice, attendee)
    assert await waiting(practice, group) == []

    history = await auditing.history(practice.desk, [group.id, other.id], limit=100)

    kinds = {(row.operation, row.record_kind) for row in history[group.id]}
    assert {
        ("BookAttendees", "GroupAppointment"),
        ("BookAttendees", "Attendee"),
        ("JoinWaitlist", "WaitlistEntry"),
        ("CancelAttendee", "Attendee"),
    } <= kinds
    numbers = [row.number for row in history[group.id]]
    assert numbers == sorted(numbers, reverse=True)
    assert history[other.id] == []
    assert (await auditing.history(practice.desk, [group.id], limit=2))[group.id] == history[group.id][:2]


async def test_the_history_of_another_accounts_appointment_is_empty(
    practice: Practice, other_practice: Practice
) -> None:
    group = await practice.group()
    await book_one(practice, group, practice.patients[0])

    assert await auditing.history(other_practice.desk, [group.id], limit=10) == {group.id: []}


async def test_accounts_and_keys_that_are_made_and_revoked_are_in_the_audit_without_their_secrets(
    practice: Practice,
) -> None:
    store, now, ids = practice.store, practice.now, practice.ids
    account = await ensure_account(store, name="Hillside", now=now, ids=ids)
    issued = await issue_key(store, account=account.id, scopes=["read"], now=now, ids=ids)
    for _ in range(2):
        await revoke_key(store, account=account.id, id=issued.key.id, now=now)

    rows = await store.read(account.id, lambda book: book.audit(after=0, limit=10))

    assert [(row.operation, row.record_id) for row in rows] == [
        ("CreateAccount", account.id),
        ("CreateKey", issued.key.id),
        ("RevokeKey", issued.key.id),
    ]
    told = "".join(f"{row.before}{row.after}" for row in rows)
    assert issued.secret not in told
    assert issued.key.digest not in told
    assert (await verified(practice, account)).reason is None
