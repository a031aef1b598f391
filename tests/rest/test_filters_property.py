"""Whatever is asked of a list, the answer is what a slow look at every appointment finds."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.directory import AppointmentType, Business, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import LARGEST_ID

HOUR = timedelta(hours=1)
INT64 = ("id", "appointment_type_id", "business_id", "practitioner_id", "repeated_from_id")
DATE_TIME = ("starts_at", "ends_at", "created_at", "updated_at", "archived_at", "deleted_at")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda mine, values: mine in values,
    "!=": lambda mine, value: mine != value,
    ">=": lambda mine, value: mine is not None and mine >= value,
    ">": lambda mine, value: mine is not None and mine > value,
    "<=": lambda mine, value: mine is not None and mine <= value,
    "<": lambda mine, value: mine is not None and mine < value,
    "?": lambda mine, _: mine is not None,
    "!?": lambda mine, _: mine is None,
    "*": lambda _mine, _: True,
}


class Stored(NamedTuple):
    """An appointment, and the patients with a seat in it."""

    group: GroupAppointment
    patients: tuple[int, ...]


class Asking(NamedTuple):
    """A filter as a client writes it, and the values that it is about: indexes into those that occur."""

    field: str
    symbol: str
    picks: tuple[int, ...]
    offset: int


class Sort(NamedTuple):
    field: str
    direction: str


numbers = st.builds(
    Asking,
    st.sampled_from(INT64),
    st.sampled_from(["=", "!=", ">=", ">", "<=", "<", "?", "!?"]),
    st.lists(st.integers(0, 30), min_size=1, max_size=4).map(tuple),
    st.just(0),
)
times = st.builds(
    Asking,
    st.sampled_from(DATE_TIME),
    st.sampled_from([">=", ">", "<=", "<", "?", "!?", "*"]),
    st.tuples(st.integers(0, 30)),
    st.sampled_from([0, 0, 11, -4]),
)
patients = st.builds(Asking, st.just("patient_ids"), st.just("~"), st.tuples(st.integers(0, 30)), st.just(0))
filters = st.lists(numbers | times | patients, max_size=4)
sorts = st.lists(
    st.builds(Sort, st.sampled_from([*INT64, *DATE_TIME]), st.sampled_from(["", ":asc", ":desc"])), max_size=3
)


@pytest.fixture
async def diary(practice: Practice) -> list[Stored]:
    """Appointments of few kinds, so that filters often hold and orders have many ties."""
    north = [practice.business, practice.new(Business, name="South", time_zone="Europe/London")]
    people = [practice.practitioner, practice.new(Practitioner, first_name="Sam", last_name="Ash")]
    kinds = [practice.type, practice.new(AppointmentType, name="Yoga", duration_in_minutes=30, max_attendees=4)]
    made: list[Stored] = []
    places: list[Any] = []
    for n in range(24):
        comes, cancelled = practice.patients[n % 3 : n % 3 + n % 2], practice.patients[4]
        group = practice.new_group(
            A_MONDAY + (n * 7 % 5) * HOUR,
            minutes=30 + n % 3 * 30,
            business_id=north[n % 2].id,
            practitioner_id=people[n // 2 % 2].id,
            appointment_type_id=kinds[n // 3 % 2].id,
            created_at=A_MONDAY + n // 8 * HOUR,
            updated_at=A_MONDAY + n % 4 * HOUR,
            archived_at=A_MONDAY + n * HOUR if n % 6 == 5 else None,
            repeated_from_id=made[n % 2].group.id if n % 5 > 2 else None,
            active_attendees=len(comes),
        )
        made.append(Stored(group, tuple(patient.id for patient in comes)))
        places += [practice.new_attendee(group, patient) for patient in comes]
        places.append(practice.new_attendee(group, cancelled, cancelled_at=practice.now))
    await practice.save(north[1], people[1], kinds[1], *(each.group for each in made), *places)
    return made


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=filters,
    sort=sorts,
    order=st.sampled_from(["", "asc", "desc"]),
    per_page=st.integers(1, 9),
    page=st.integers(1, 4),
    encode=st.sampled_from([quote, quote_plus, lambda text: quote(text, safe=":=<>!?~*,+")]),
    name=st.sampled_from(["q", "q[]", "q%5B%5D"]),
)
async def test_a_list_is_what_a_slow_look_finds(
    client: httpx2.AsyncClient,
    diary: list[Stored],
    asked: list[Asking],
    sort: list[Sort],
    order: str,
    per_page: int,
    page: int,
    encode: Callable[[str], str],
    name: str,
) -> None:
    parameters = [f"{name}={encode(spelled(diary, each))}" for each in asked]
    if sort:
        parameters.append("sort=" + ",".join(f"{term.field}{term.direction}" for term in sort))
    if order:
        parameters.append(f"order={order}")

    answer = await client.get("/group_appointments?" + "&".join([*parameters, f"per_page={per_page}", f"page={page}"]))

    assert answer.status_code == 200, answer.text
    found = slow(diary, asked, sort or [Sort("created_at", "")], order == "desc")
    expected = found[(page - 1) * per_page : page * per_page]
    shown = [(int(each["id"]), tuple(map(int, each["patient_ids"]))) for each in answer.json()["group_appointments"]]
    assert shown == [(each.group.id, each.patients) for each in expected]
    assert answer.json()["total_entries"] == len(found)
    assert ("next" in answer.json()["links"]) == (len(found) > page * per_page)
    assert ("previous" in answer.json()["links"]) == (page > 1)


def slow(diary: list[Stored], asked: list[Asking], sort: list[Sort], descending: bool) -> list[Stored]:
    """Filter and sort by looking at everything."""
    hidden = not any(each.field in ("archived_at", "deleted_at") for each in asked)
    found = [each for each in diary if not (hidden and each.group.archived_at)]
    found = [each for each in found if all(holds(diary, each, condition) for condition in asked)]
    terms: dict[str, bool] = {}
    for term in sort:
        terms.setdefault(term.field, term.direction == ":desc" if term.direction else descending)
    if "id" not in terms:
        terms["id"] = [*terms.values()][-1]
    for field, downwards in reversed(terms.items()):
        # What has no value comes last, and so first when turned round.
        found.sort(key=lambda each: sort_key(getattr(each.group, field)), reverse=downwards)
    return found


def sort_key(value: Any) -> tuple[bool, Any]:
    return (True, 0) if value is None else (False, value)


def holds(diary: list[Stored], stored: Stored, asking: Asking) -> bool:
    values = [occurring(diary, asking.field, pick) for pick in asking.picks]
    if asking.field == "patient_ids":
        return values[0] in stored.patients
    return COMPARISONS[asking.symbol](
        getattr(stored.group, asking.field), values if asking.symbol == "=" else values[0]
    )


def occurring(diary: list[Stored], field: str, pick: int) -> Any:
    """Return one of the values that the field has somewhere, or one that it has nowhere."""
    if field == "patient_ids":
        values = {patient for each in diary for patient in each.patients} | {LARGEST_ID, 0}
    else:
        values = {getattr(each.group, field) for each in diary} - {None}
        values |= {A_MONDAY - HOUR} if field in DATE_TIME else {0, 1, LARGEST_ID}
    return sorted(values)[pick % len(values)]


def spelled(diary: list[Stored], asking: Asking) -> str:
    if asking.symbol in ("?", "!?", "*"):
        return f"{asking.field}:{asking.symbol}"
    values = [occurring(diary, asking.field, pick) for pick in asking.picks]
    if asking.symbol != "=":
        values = values[:1]
    return f"{asking.field}:{asking.symbol}{','.join(spelled_value(value, asking.offset) for value in values)}"


def spelled_value(value: Any, offset: int) -> str:
    if not isinstance(value, datetime):
        return str(value)
    return value.astimezone(timezone(timedelta(hours=offset))).isoformat() if offset else value.isoformat()[:-6] + "Z"
