"""Many processes on one database: together they hold what one would."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from builders import A_MONDAY
from gappt_graphql.practice import auditing
from postgres_faults import faults

TESTS = Path(__file__).parents[2]
PATIENCE = 240


def rivals(practice, url: str, kind: str, asks: Sequence[Sequence[dict[str, Any]]]) -> list[Any]:
    """Let a process ask for each of these lots, all from the same moment on, and return what came of everything."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    processes = [
        subprocess.Popen(
            [sys.executable, TESTS / "a_rival.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        for _ in asks
    ]
    try:
        for number, (process, lot) in enumerate(zip(processes, asks, strict=True), 1):
            job = {"url": url, "account": practice.account.id, "number": number, "kind": kind, "asks": list(lot)}
            assert process.stdin is not None
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        answers = []
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            answers += json.loads(process.communicate(timeout=PATIENCE)[0])
        return answers
    finally:
        for process in processes:
            process.kill()
            process.communicate()


async def check_the_book(practice, database):
    assert faults(database) == []
    assert (await auditing.verify(practice.store, account=practice.account.id)).reason is None


async def test_eight_processes_with_two_hundred_bookings_each_take_ten_seats_of_ten(practice, database):
    group = await practice.group(max_attendees=10)
    patients = practice.new_patients(200)
    await practice.save(*patients)
    lot = [{"group_appointment_id": group.id, "patient_ids": [patient.id]} for patient in patients]

    answers = rivals(practice, database.url, "book", [lot] * 8)

    assert len(answers) == 1600
    assert len([answer for answer in answers if isinstance(answer, int)]) == 10
    assert {*map(str, (answer for answer in answers if not isinstance(answer, int)))} <= {
        "['CAPACITY_FULL']",
        "['ALREADY_BOOKED']",
    }
    assert (await practice.reload(group)).active_attendees == 10
    await check_the_book(practice, database)


async def test_of_overlapping_appointments_that_are_to_be_rejected_in_a_race_one_is_made(practice, database):
    usual = {
        "practitioner_id": practice.practitioner.id,
        "business_id": practice.business.id,
        "appointment_type_id": practice.type.id,
    }
    lots = [
        [usual | {"starts_at": (A_MONDAY + timedelta(minutes=process + 7 * turn)).isoformat()} for turn in range(6)]
        for process in range(4)
    ]

    answers = rivals(practice, database.url, "create", lots)

    assert len([answer for answer in answers if isinstance(answer, int)]) == 1
    assert database.fetch("SELECT count(*) FROM group_appointments")[0][0] == 1
    await check_the_book(practice, database)


async def test_one_idempotency_key_in_several_processes_at_once_makes_one_record(practice, database):
    group = await practice.group()
    patient = practice.patients[0].id
    asked = {"group_appointment_id": group.id, "patient_ids": [patient], "idempotency_key": "the same"}

    answers = rivals(practice, database.url, "book", [[asked] * 8] * 4)

    assert len(answers) == 32
    assert len(set(answers)) == 1
    assert database.fetch("SELECT count(*) FROM attendees")[0][0] == 1
    await check_the_book(practice, database)
