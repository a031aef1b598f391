"""What can't be copied is told in a sentence without values; what is not sound is copied as it is, and told."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from builders import Practice
from conftest import NOW
from copies import run
from gappt_graphql.practice.access import issue_key
from gappt_graphql.scheduling.ids import LARGEST_ID, Ids
from gappt_graphql.store import StoreError, UnsupportedStore
from gappt_graphql.store.copying import CopyStopped
from gappt_graphql.store.migrations.upgrading import upgrade
from gappt_graphql.store.opening import exclusive, open_store
from houses import copied, ended_after, everything, furnished


def past_its_rules(url: str, *statements: str) -> None:
    """Change a file as no program of this house would."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, text in triggers:
            connection.execute(text)


@pytest.fixture
def tampered(move, request) -> Iterator[object]:
    """Change the source past its own rules."""

    def change(*statements: str) -> None:
        if move.source.startswith("sqlite"):
            past_its_rules(move.source, *statements)
        else:
            database = request.getfixturevalue("database")
            database.execute("; ".join(["SET session_replication_role = replica", *statements]))
            database.execute("SET session_replication_role = DEFAULT")

    return change


async def told_by_the_command(move) -> tuple[int, str]:
    done = await asyncio.to_thread(run, "copy", "--from", move.source, "--to", move.target)
    return done.exit_code, done.stderr


async def test_a_broken_audit_is_copied_as_it_is_and_told(move, tampered):
    tampered("UPDATE audit SET operation = 'planted' WHERE number = 3")

    code, told = await told_by_the_command(move)

    assert code == 0
    assert "'Riverside' is copied as it was, but is not sound: its audit is broken at row 3" in told
    assert await everything(move.all_of_target) == await everything(move.all_of_source)


async def test_numbers_with_a_gap_are_copied_as_they_are_and_told(move, tampered):
    tampered("DELETE FROM changes WHERE number = 4", "DELETE FROM audit WHERE number = 4")

    _, told = await told_by_the_command(move)

    assert "'Riverside' is copied as it was, but is not sound: the account " in told
    assert "not numbered from 1 to its last number" in told


async def test_another_account_of_the_same_name_is_refused_before_anything_is_written(move):
    store = await open_store(move.target)
    try:
        await Practice.open(store, name="Riverside", now=NOW.replace(year=2027))
    finally:
        await store.close()
    before = await everything(move.all_of_target)

    with pytest.raises(CopyStopped, match="There is another account named 'Riverside' in "):
        await copied(move.source, move.target)

    assert await everything(move.all_of_target) == before


@pytest.mark.parametrize("in_the", ["source", "target"])
async def test_what_is_written_after_the_copy_is_never_overwritten(move, in_the):
    await copied(move.source, move.target)
    store = await open_store(getattr(move, in_the))
    try:
        account = await store.account_named("Lakeside")
        await issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=Ids(counter=3))
    finally:
        await store.close()
    before = await everything(move.all_of_target)

    with pytest.raises(CopyStopped, match=r"'Lakeside' is not the same in both stores: account_id \d+ of accounts"):
        await copied(move.source, move.target)

    after = await everything(move.all_of_target)
    assert [row for row in after["accounts"] if row[0] == account.id] == [
        row for row in before["accounts"] if row[0] == account.id
    ]


async def test_a_store_is_not_copied_to_itself(move):
    with pytest.raises(UnsupportedStore, match="Both addresses are of the same store"):
        await copied(move.source, move.source)


async def test_a_source_that_is_not_there_is_told(move, tmp_path):
    with pytest.raises(UnsupportedStore, match="There is no database at"):
        await copied(f"sqlite:///{tmp_path / 'none.db'}", move.target)
    assert not (tmp_path / "none.db").exists()


async def test_a_folder_that_is_not_there_is_told(move, tmp_path):
    with pytest.raises(UnsupportedStore, match="There is no directory for the store"):
        await copied(move.source, f"sqlite:///{tmp_path / 'none' / 'book.db'}")


async def test_a_file_that_is_served_is_refused(move):
    file = next(url for url in (move.source, move.target) if url.startswith("sqlite"))
    with exclusive(file):
        code, told = await told_by_the_command(move)

    assert code == 1
    assert "Another process holds the store" in told


async def test_a_file_of_another_revision_is_refused_on_either_side(move, tmp_path):
    upgrade(tmp_path / "old.db", "0005")
    old = f"sqlite:///{tmp_path / 'old.db'}"

    for source, target in ((old, move.target), (move.source, old)):
        with pytest.raises(StoreError, match="is at revision 0005, and both stores have to be at"):
            await copied(source, target)


async def test_a_row_that_was_changed_in_an_unfinished_copy_is_named_without_its_values(move, tampered):
    await ended_after(move.source, move.target, 2)
    tampered("UPDATE patients SET first_name = 'Planted'", "UPDATE practitioners SET first_name = 'Planted'")
    tampered("UPDATE businesses SET name = 'Planted'")

    before = await everything(move.all_of_target)

    with pytest.raises(CopyStopped, match=r"is not the same in both stores: id \d+ of businesses differs") as stopped:
        await copied(move.source, move.target)

    assert "Planted" not in str(stopped.value)
    assert await everything(move.all_of_target) == before


async def test_what_was_forgotten_since_the_copy_was_done_does_not_come_back(move, request):
    await copied(move.source, move.target)
    forget = "DELETE FROM idempotency_keys"
    if move.target.startswith("sqlite"):
        past_its_rules(move.target, forget)
    else:
        request.getfixturevalue("database").execute(forget)

    with pytest.raises(CopyStopped, match="a row of idempotency_keys differs"):
        await copied(move.source, move.target)

    assert (await everything(move.all_of_target))["idempotency_keys"] == []


async def test_a_row_that_came_to_an_unfinished_copy_is_found(move):
    await ended_after(move.source, move.target, 0)
    store = await open_store(move.target)
    try:
        [account] = await store.accounts()
        practice = Practice(store, account, NOW, Ids(counter=5))
        stranger = practice.new_patients(1)[0]
        await practice.save(stranger)
    finally:
        await store.close()

    with pytest.raises(CopyStopped, match=f"id {stranger.id} of patients differs"):
        await copied(move.source, move.target)


async def test_a_wrong_count_of_seats_is_kept_where_nobody_counts_and_told_where_somebody_does(move, tampered):
    tampered("UPDATE group_appointments SET active_attendees = active_attendees - 1 WHERE active_attendees = 4")

    code, told = await told_by_the_command(move)

    if move.target.startswith("sqlite"):
        assert code == 1
        assert "of group_appointments differs" in told
    else:
        assert code == 0
        assert "it counts other seats as taken than its attendees take" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("patients SET first_name = 'Planted' || char(0)", r"id \d+ of patients .*CharacterNotInRepertoireError"),
        ("group_appointments SET version = 3000000000", r"id \d+ of group_appointments .*DataError"),
        ("attendees SET arrived = 2", r"id \d+ of attendees .*: ck_attendees_arrived$"),
        ("patients SET updated_at = -9000000000000000000", r"id \d+ of patients .*DatetimeFieldOverflowError"),
        ("patients SET last_name = x'ff'", r"id \d+ of patients .*DataError"),
    ],
)
async def test_a_row_that_postgresql_does_not_take_is_named(file_url, store_url, change, told, database):
    await furnished(file_url, NOW)
    table = change.split()[0]
    past_its_rules(file_url, f"UPDATE {change} WHERE id = (SELECT max(id) FROM {table} WHERE id < {LARGEST_ID})")

    with pytest.raises(CopyStopped, match=told) as stopped:
        await copied(file_url, store_url)

    assert "Planted" not in str(stopped.value)


@pytest.mark.sqlite("a text that is none is a matter of files")
async def test_a_text_that_is_none_is_told_without_what_it_is(move):
    past_its_rules(move.source, "UPDATE patients SET first_name = CAST(x'506c616e746564ff' AS TEXT)")

    with pytest.raises(StoreError, match="a text in it is not UTF-8") as stopped:
        await copied(move.source, move.target)

    assert "Planted" not in str(stopped.value)


async def test_no_password_is_told(file_url, store_url, database):
    done = await asyncio.to_thread(run, "copy", "--from", file_url, "--to", store_url.replace("/gappt_", "/none_"))

    assert done.exit_code == 1
    assert "secret" not in done.output
