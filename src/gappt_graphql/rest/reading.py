"""What the reference's interface answers to GET: lists, single records, and whether there are conflicts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.enquiries import EVERY_KIND
from gappt_graphql.rest import resource
from gappt_graphql.rest.errors import not_found
from gappt_graphql.rest.filters import Column, Format, columns
from gappt_graphql.rest.http import Handle, id_of, json
from gappt_graphql.rest.query_string import Asked, asked, asked_of_one
from gappt_graphql.rest.resource import Shape, base_of
from gappt_graphql.scheduling.asking import Condition, Filter, Listing, Operator, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import GroupAppointmentId
from gappt_graphql.store import Book, Record

R = TypeVar("R", bound=Record)


class Shown(Struct, Generic[R], frozen=True, kw_only=True):
    """
    A kind of record as it is read here: by what name, what can be asked of it, and how it is shown.

    Archived ones are hidden from lists, and where `hidden` also by their own address, unless they are asked for.
    """

    plural: str
    kind: type[R]
    columns: Mapping[str, Column]
    show: Callable[[Book, Sequence[R], str], Awaitable[list[Shape]]]
    hidden: bool = False


def list_of(what: Shown[R]) -> Handle:
    """Return what answers with a page of all records of a kind."""

    async def handle(request: Request, desk: Desk) -> Response:
        question = asked(request.scope["query_string"], what.columns)

        async def work(book: Book) -> Shape:
            return await _page(book, what, question, base_of(request), what.plural)

        return json(await desk.read(work))

    return handle


def one_of(what: Shown[R]) -> Handle:
    """Return what answers with the record that the address names."""

    async def handle(request: Request, desk: Desk) -> Response:
        where = asked_of_one(request.scope["query_string"], what.columns, hidden=what.hidden)
        return json(await _one(desk, what, id_of(request), where, base_of(request)))

    return handle


async def attendees_of(request: Request, desk: Desk) -> Response:
    """Answer with a page of an appointment's attendees; those of an archived one too, whose link leads here."""
    question, id = asked(request.scope["query_string"], ATTENDEES.columns), id_of(request)

    async def work(book: Book) -> Shape:
        await _check_exists(book, id)
        path = f"group_appointments/{id}/attendees"
        there = Condition("group_appointment_id", Operator.IN, (id,))
        return await _page(book, ATTENDEES, question, base_of(request), path, there)

    return json(await desk.read(work))


async def conflicts_of(request: Request, desk: Desk) -> Response:
    """Answer whether anything stands in the way of an appointment; nothing does if it is archived."""
    id = GroupAppointmentId(id_of(request))

    async def work(book: Book) -> bool:
        await _check_exists(book, id)
        return bool((await book.conflicts_of([id], EVERY_KIND))[id])

    return json({"conflicts": {"exist": await desk.read(work)}})


async def _page(book: Book, what: Shown[R], asked: Asked, base: str, path: str, *where: Condition) -> Shape:
    """Return a page of a list with the list's length and the addresses of its neighbours, all as of one moment."""
    listing = Listing((*where, *asked.listing.where), asked.listing.order)
    page = await book.page(what.kind, listing, asked.part)
    if page.has_next or (asked.page > 1 and not page.records):
        total = await book.count(what.kind, listing)  # type: ignore[arg-type]  # one of the kinds that R is bound to
    else:
        total = asked.part.offset + len(page.records)
    links = {"self": asked.page}
    if page.has_next:
        links["next"] = asked.page + 1
    if asked.page > 1:
        last = max(1, -(-total // asked.per_page))
        links["previous"] = min(asked.page - 1, last)
    return {
        what.plural: await what.show(book, page.records, base),
        "total_entries": total,
        "links": {name: f"{base}/{path}?{asked.query(page)}" for name, page in links.items()},
    }


async def _one(desk: Desk, what: Shown[R], id: int, where: Filter, base: str) -> Shape:
    listing = Listing((Condition("id", Operator.IN, (id,)), *where))

    async def work(book: Book) -> list[Shape]:
        page = await book.page(what.kind, listing, Slice(1))
        return await what.show(book, page.records, base)

    found = await desk.read(work)
    if not found:
        raise not_found()
    return found[0]


async def _check_exists(book: Book, id: int) -> None:
    if not await book.find(GroupAppointment, [id]):
        raise not_found()


def _each(show: Callable[[R, str], Shape]) -> Callable[[Book, Sequence[R], str], Awaitable[list[Shape]]]:
    async def shown(_: Book, records: Sequence[R], base: str) -> list[Shape]:
        return [show(record, base) for record in records]

    return shown


async def _with_patients(book: Book, records: Sequence[GroupAppointment], base: str) -> list[Shape]:
    places = await book.attendees_of([record.id for record in records])
    return [
        resource.group_appointment(record, base, [place.patient_id for place in places[record.id]])
        for record in records
    ]


_STAMPS = ("created_at", "updated_at")
_ARCHIVING = ("archived_at", "deleted_at")
_DIRECTORY = columns(int64=["id"], date_time=[*_STAMPS, *_ARCHIVING])

GROUP_APPOINTMENTS = Shown(
    plural="group_appointments",
    kind=GroupAppointment,
    columns=columns(
        int64=["id", "appointment_type_id", "business_id", "practitioner_id", "repeated_from_id"],
        date_time=["starts_at", "ends_at", *_STAMPS, *_ARCHIVING],
        array=["patient_ids"],
    ),
    show=_with_patients,
    hidden=True,
)
ATTENDEES = Shown(
    plural="attendees",
    kind=Attendee,
    columns={
        **columns(int64=["id", "patient_id"], date_time=["cancelled_at", *_STAMPS, *_ARCHIVING]),
        "booking_id": Column("group_appointment_id", Format.INT64),
    },
    show=_each(resource.attendee),
    hidden=True,
)
APPOINTMENT_TYPES = Shown(
    plural="appointment_types", kind=AppointmentType, columns=_DIRECTORY, show=_each(resource.appointment_type)
)
BUSINESSES = Shown(plural="businesses", kind=Business, columns=_DIRECTORY, show=_each(resource.business))
PATIENTS = Shown(plural="patients", kind=Patient, columns=_DIRECTORY, show=_each(resource.patient))
PRACTITIONERS = Shown(
    plural="practitioners",
    kind=Practitioner,
    columns=columns(int64=["id"], date_time=_STAMPS),
    show=_each(resource.practitioner),
)
