"""Whether servers answer what they have to, and book what they say."""

import json
from datetime import datetime
from typing import Any

from benchmarks.peers.asking import CHECKED, Asked
from benchmarks.peers.load import Load, body
from benchmarks.peers.servers import Running

_IDS = {"id", "groupAppointmentId", "patientId"}
_INSTANTS = {"startsAt", "endsAt"}


def wrong_answers(running: Running, asked: Asked, load: Load) -> list[str]:
    """Return what is wrong with a server's answers, compared with those that the rows give; nothing if nothing is."""
    wrong = []
    for operation, number in CHECKED.items():
        pairs = zip(asked.variables[operation][:number], asked.answers[operation], strict=True)
        for variables, expected in pairs:
            answer = json.loads(running.ask(body(running.target, operation, variables)))
            if answer.get("errors") or _plain(answer.get("data")) != _plain(expected):
                wrong.append(f"{operation}: {_difference(answer, expected)}")
                break
    pair, request = load.one_booking(running)
    answer = json.loads(running.ask(request))
    told = tuple(_booked(answer, name) for name in ("groupAppointment", "patient"))
    if answer.get("errors") or told != pair:
        wrong.append(f"M1: {str(answer)[:300]}")
    return wrong


def wrong_bookings(stored: list[tuple[int, int]], asked_for: set[tuple[int, int]], told: int) -> list[str]:
    """Return what is wrong in a server's database: each booking that was told is there once, and nothing else."""
    once = set(stored)
    wrong = []
    if len(once) < len(stored):
        wrong.append(f"{len(stored) - len(once)} bookings are there twice")
    if once - asked_for:
        wrong.append(f"{len(once - asked_for)} bookings are there that nobody asked for")
    if len(once) < told:
        wrong.append(f"{told - len(once)} of {told} bookings that were told are not there")
    return wrong


def _booked(answer: dict[str, Any], name: str) -> int:
    """Return the id of what was booked, which contracts tell in one way or another; 0 if they don't."""
    payload: dict[str, Any] = next(iter((answer.get("data") or {}).values()), {}) or {}
    outcomes = payload.get("outcomes") or [payload]
    place = outcomes[0].get("attendee") or {}
    return int(place.get(f"{name}Id") or (place.get(name) or {}).get("id") or 0)


def _plain(value: Any, name: str = "") -> Any:
    """Make answers comparable: ids may be numbers, instants may be written in more ways, lists may be connections."""
    if isinstance(value, dict):
        if name == "groupAppointments" and set(value) == {"nodes"}:
            return _plain(value["nodes"])
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if name in _IDS:
        return str(value)
    if name in _INSTANTS:
        return datetime.fromisoformat(value).timestamp()
    return value


def _difference(answer: dict[str, Any], expected: dict[str, Any]) -> str:
    if answer.get("errors"):
        return str(answer["errors"])[:400]
    found, wanted = (json.dumps(_plain(one), sort_keys=True) for one in (answer.get("data"), expected))
    at = next((n for n, (one, other) in enumerate(zip(found, wanted, strict=False)) if one != other), 0)
    return f"got ...{found[max(0, at - 60) : at + 100]}, not ...{wanted[max(0, at - 60) : at + 100]}"
