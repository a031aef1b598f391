"""What a preview shows is what the mutation of the same input does, in a diary that chance has filled."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from asking import Client
from builders import Practice
from gappt_graphql.scheduling.directory import Business, Practitioner

FIRST_DAY = datetime(2026, 3, 4, tzinfo=UTC)
GROUP = """{
    id startsAt endsAt maxAttendees attendeeCount patientIds version archivedAt
    waitlist { position } conflicts { exist items { kind groupAppointment { id } patient { id } } }
}"""
PREVIEW = """{
    occurrences { index startsAt endsAt conflicts { exist } } userErrors { code field message }
}"""
Diary = dict[str, dict[str, Any]]


class Chance:
    """Draws commands for one practice."""

    def __init__(self, practice: Practice, practitioners: list[str], businesses: list[str], seed: int) -> None:
        self.random = Random(seed)
        self.type, self.practitioners, self.businesses = str(practice.type.id), practitioners, businesses
        self.patients = [str(patient.id) for patient in practice.patients]

    @property
    def on_conflict(self) -> str:
        return self.random.choice(["ALLOW", "REJECT", "SKIP"])

    @property
    def scope(self) -> str:
        return self.random.choice(["THIS", "THIS_AND_FOLLOWING", "ALL"])

    @property
    def rule(self) -> dict[str, Any]:
        step = self.random.choice(["DAILY", "WEEKLY", "MONTHLY"])
        return {"repeatType": step, "numberOfRepeats": self.random.randrange(5)}

    def creation(self) -> dict[str, Any]:
        chance = self.random
        input: dict[str, Any] = {
            "startsAt": _spelt(FIRST_DAY + timedelta(minutes=30 * chance.randrange(200))),
            "practitionerId": chance.choice(self.practitioners),
            "businessId": chance.choice(self.businesses),
            "appointmentTypeId": self.type,
            "patientIds": chance.sample(self.patients, chance.randrange(3)),
            "maxAttendees": chance.choice([1, 2, 3]),  # sometimes too few
            "copyAttendees": chance.random() < 0.5,
            "onConflict": self.on_conflict,
            "repeatRule": chance.choice([None, self.rule]),
        }
        if chance.random() < 0.2:
            input["endsAt"] = _spelt(FIRST_DAY + timedelta(days=7))  # days long: its repeats overlap
        return input

    def update(self, group: dict[str, Any]) -> dict[str, Any]:
        moved = datetime.fromisoformat(group["startsAt"]) + timedelta(
            minutes=self.random.choice([-1440, 30, 600, 2880])
        )
        wishes = {
            "startsAt": _spelt(moved),
            "endsAt": None,
            "practitionerId": self.random.choice(self.practitioners),
            "businessId": self.random.choice(self.businesses),
            "maxAttendees": self.random.choice([1, 2, 5]),
            "notes": self.random.choice(["mats", None]),
        }
        chosen = {name: value for name, value in wishes.items() if self.random.random() < 0.4}
        return {"id": group["id"], "scope": self.scope, "onConflict": self.on_conflict, **chosen}


@pytest.mark.parametrize("seed", range(4))
async def test_a_preview_is_what_the_mutation_does(client: Client, practice: Practice, seed: int) -> None:
    second = practice.new(Practitioner, first_name="Kim", last_name="Moss")
    abroad = practice.new(Business, name="Abroad", time_zone="America/New_York")
    await practice.save(second, abroad)
    people = [str(practice.practitioner.id), str(second.id)]
    chance = Chance(practice, people, [str(practice.business.id), str(abroad.id)], seed)
    for _ in range(30):
        diary = await _diary(client)
        live = [group for group in diary.values() if group["archivedAt"] is None]
        match chance.random.choice(["create", "update", "update", "repeat", "book", "archive"]) if live else "create":
            case "create":
                await _held(client, "createGroupAppointment", "previewGroupAppointment", chance.creation())
            case "update":
                input = chance.update(chance.random.choice(live))
                await _held(client, "updateGroupAppointment", "previewGroupAppointmentUpdate", input)
            case "repeat":
                id, rule = chance.random.choice(live)["id"], chance.rule
                input = {"id": id, "repeatRule": rule, "onConflict": chance.on_conflict, "copyAttendees": True}
                await _held(client, "repeatGroupAppointment", "previewGroupAppointmentRepeat", input)
            case "book":
                id, patients = chance.random.choice(live)["id"], chance.random.sample(chance.patients, 2)
                await client.do("bookAttendees", groupAppointmentId=id, patientIds=patients, waitlistIfFull=True)
            case "archive":
                await client.do("archiveGroupAppointment", id=chance.random.choice(live)["id"], scope=chance.scope)


async def _held(client: Client, mutation: str, preview: str, input: dict[str, Any]) -> None:
    """Preview and do it; what was shown must be what is stored, and a refusal must change nothing."""
    before = await _diary(client)
    takes = mutation[0].upper() + mutation[1:] + "Input"
    query = f"query ($input: {takes}!) {{ shown: {preview}(input: $input) {PREVIEW} }}"
    shown = (await client.ask(query, input=input))["shown"]
    assert await _diary(client) == before

    written = "updated" if mutation == "updateGroupAppointment" else f"groupAppointment {GROUP} repeats"
    payload = await client.do(mutation, f"{written} {GROUP} conflicting {{ index }}", **input)
    assert payload["userErrors"] == shown["userErrors"]
    if payload["userErrors"]:
        assert await _diary(client) == before
        return
    left_out = {occurrence["index"] for occurrence in payload["conflicting"]}
    kept = [occurrence for occurrence in shown["occurrences"] if occurrence["index"] not in left_out]
    stored = payload["updated"] if "updated" in payload else [payload["groupAppointment"], *payload["repeats"]]
    assert [_span(group) for group in stored] == [_span(occurrence) for occurrence in kept]
    # A larger group may have taken people from its waitlist, who bring conflicts of their own.
    if input["onConflict"] == "ALLOW" and mutation != "updateGroupAppointment":
        assert [group["conflicts"]["exist"] for group in stored] == [each["conflicts"]["exist"] for each in kept]


async def _diary(client: Client) -> Diary:
    """Return every appointment, after a look at what must always be true of it."""
    query = f"{{ groupAppointments(first: 100, filter: {{archived: INCLUDE}}) {{ nodes {GROUP} }} }}"
    groups = (await client.ask(query))["groupAppointments"]["nodes"]
    for group in groups:
        assert group["attendeeCount"] == len(group["patientIds"]) <= group["maxAttendees"]
        assert [entry["position"] for entry in group["waitlist"]] == list(range(1, len(group["waitlist"]) + 1))
        assert group["conflicts"]["exist"] == bool(group["conflicts"]["items"])
    return {group["id"]: group for group in groups}


def _span(of: dict[str, Any]) -> tuple[str, str]:
    return of["startsAt"], of["endsAt"]


def _spelt(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
