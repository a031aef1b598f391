"""PgBouncer between this program and the database, which gives a connection to others after each transaction."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest

from builders import Practice
from conftest import NOW
from gappt_graphql.practice.attendance import BookAttendees, book
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.postgres.terms import Terms
from houses import copied, everything, furnished
from postgres_faults import faults

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
TERMS = Terms(pooler=True, statement_seconds=7)


@pytest.fixture
def pooled_url(database) -> Iterator[str]:
    """The address of a pooler in transaction mode, with two connections for everybody."""
    if PGBOUNCER is None:
        pytest.skip("there is no pgbouncer on this machine")
    parts = urlsplit(database.url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    name = parts.path.lstrip("/")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    with TemporaryDirectory(prefix="gappt-") as folder:
        os.chmod(folder, 0o755)
        users, settings = Path(folder, "users"), Path(folder, "pgbouncer.ini")
        users.write_text(f'"{user}" "{password}"\n')
        settings.write_text(
            f"[databases]\n{name} = host={unquote(host)} port={parts.port or 5432}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\n"
            f"auth_file = {users}\npool_mode = transaction\ndefault_pool_size = 2\n"
        )
        # It refuses to be root's; the socket's owner may come to the socket.
        as_user = ["-u", pwd.getpwuid(os.stat(unquote(host)).st_uid).pw_name] if os.geteuid() == 0 else []
        users.chmod(0o644)
        settings.chmod(0o644)
        process = subprocess.Popen([PGBOUNCER, *as_user, settings], stderr=subprocess.PIPE)
        try:
            wait_for(process)
            yield f"postgresql://{user}:{password}@127.0.0.1:{port}/{name}"
        finally:
            process.terminate()
            process.communicate(timeout=20)


def wait_for(process):
    for line in process.stderr:
        if b"process up" in line:
            break
    assert process.poll() is None


async def test_two_processes_work_through_a_pooler_whose_connections_change_hands(database, pooled_url, store_url):
    stores = [await open_store(pooled_url, terms=TERMS) for _ in range(2)]
    one, other = [await Practice.open(store, name=name, now=NOW) for store, name in zip(stores, "AB", strict=True)]
    groups = [await one.group(max_attendees=5), await other.group(max_attendees=5)]

    async def booked(practice, group, patient):
        command = BookAttendees(group_appointment_id=group.id, patient_ids=(patient.id,))
        try:
            return len((await book(practice.desk, command)).outcomes)
        except Exception as refused:
            return [problem.code for problem in refused.problems]

    answers = await asyncio.gather(
        *(
            booked(each, group, patient)
            for each, group in zip((one, other), groups, strict=True)
            for patient in each.patients
        )
    )

    assert answers.count(1) == 10
    assert faults(database) == []
    for store, practice, stranger in zip(stores, (one, other), (other, one), strict=True):
        assert await practice.reload(practice.business) == practice.business
        assert {account.name for account in await store.accounts()} == {"A", "B"}

        async def seen(open_book, stranger=stranger):
            return await open_book.find(type(stranger.business), [stranger.business.id])

        assert await store.read(practice.account.id, seen) == {}
        await store.close()


async def test_nothing_is_left_in_a_session_behind_a_pooler_and_limits_hold_in_each_transaction(
    database, pooled_url, store_url
):
    store = await open_store(pooled_url, terms=TERMS)
    practice = await Practice.open(store, name="A", now=NOW)

    async def asked(open_book):
        from sqlalchemy import text

        from gappt_graphql.store.statements import Statement

        shown = "SELECT current_setting('statement_timeout'), current_setting('gappt.account')"
        return [tuple(row) for row in await open_book.fetch(Statement(text(shown)), {})]

    assert await store.write(practice.account.id, asked) == [("7s", str(practice.account.id))]
    stranger = await asyncpg.connect(pooled_url, statement_cache_size=0)
    left = "SELECT current_setting('statement_timeout'), coalesce(current_setting('gappt.account', true), '')"
    assert {tuple(row) for _ in range(4) for row in await stranger.fetch(left)} == {("0", "")}
    await stranger.close()
    await store.close()


async def test_a_book_is_copied_through_a_pooler_both_ways(database, pooled_url, store_url, tmp_path):
    await furnished(store_url, NOW)
    before = await everything(database.superuser_url)
    file = f"sqlite:///{tmp_path / 'book.db'}"

    await copied(pooled_url, file)
    database.clean()
    await copied(file, pooled_url)

    assert await everything(database.superuser_url) == before
