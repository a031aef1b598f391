"""A serving process that is killed has lost nothing that it acknowledged, and the other goes on."""

import asyncio

import httpx2

from a_server import AServer, booked
from gappt_graphql.practice import auditing
from gappt_graphql.practice.access import issue_key
from postgres_faults import faults

CLIENTS, KILLED_AFTER = 16, 60


async def test_a_kill_of_one_of_two_servers_in_a_storm_loses_nothing_acknowledged(practice, database):
    patients = practice.new_patients(50)
    await practice.save(*patients)
    groups = [await practice.group(max_attendees=50) for _ in range(4)]
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    servers = [AServer(database.url, key=issued.secret) for _ in range(2)]
    acknowledged, unknown = {}, []
    waiting = [(group.id, patient.id, f"{group.id} {patient.id}") for patient in patients for group in groups]
    try:
        for server in servers:
            server.wait_until_it_answers()

        async def client(server, http):
            while waiting and server.process.returncode is None:
                group, patient, key = booking = waiting.pop()
                try:
                    acknowledged[key] = await booked(http, group, patient, key)
                except httpx2.TransportError:
                    unknown.append(booking)
                if len(acknowledged) == KILLED_AFTER:
                    servers[0].kill()

        async with servers[0].client() as first, servers[1].client() as second:
            each = [(servers[0], first), (servers[1], second)]
            await asyncio.gather(*(client(*each[n % 2]) for n in range(CLIENTS)))
            assert unknown, "The server was killed too late to leave anybody in doubt."
            for group, patient, key in unknown:
                acknowledged[key] = await booked(second, group, patient, key)
                assert acknowledged[key] == await booked(second, group, patient, key)
    finally:
        for server in servers:
            server.kill()

    there = [row[0] for row in database.fetch("SELECT id FROM attendees")]
    assert len(acknowledged) == 200
    assert sorted(acknowledged.values()) == sorted(there)
    assert faults(database) == []
    assert (await auditing.verify(practice.store, account=practice.account.id)).reason is None
