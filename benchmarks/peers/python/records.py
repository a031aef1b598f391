"""The records of the plain Strawberry server, as its manual would have them: an ORM, and loaders that batch."""

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, TypeDecorator, bindparam, event, func, select, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = os.environ["DB_URL"]
IS_POSTGRES = URL.startswith("postgres")
SQL = Path(__file__).parent.parent / "sql" / ("postgres" if IS_POSTGRES else "sqlite")


class Instant(TypeDecorator[datetime]):
    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        if value is None:
            return None
        return value.astimezone(UTC) if IS_POSTGRES else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Record(DeclarativeBase):
    type_annotation_map = {int: BigInteger, datetime: Instant}  # noqa: RUF012
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Business(Record):
    __tablename__ = "businesses"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    timezone: Mapped[str]


class Practitioner(Record):
    __tablename__ = "practitioners"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    label: Mapped[str]


class AppointmentType(Record):
    __tablename__ = "appointment_types"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    duration_minutes: Mapped[int] = mapped_column(Integer)


class Patient(Record):
    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]


class GroupAppointment(Record):
    __tablename__ = "group_appointments"
    id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    max_attendees: Mapped[int] = mapped_column(Integer)
    notes: Mapped[str | None]
    telehealth_url: Mapped[str | None]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id"))
    appointment_type_id: Mapped[int] = mapped_column(ForeignKey("appointment_types.id"))
    archived_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Attendee(Record):
    __tablename__ = "attendees"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    group_appointment_id: Mapped[int] = mapped_column(ForeignKey("group_appointments.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    arrived: Mapped[bool]
    cancelled_at: Mapped[datetime | None]


if IS_POSTGRES:
    engine = create_async_engine(URL.replace("postgresql://", "postgresql+asyncpg://"), pool_size=10, max_overflow=5)
    write_engine = engine
else:
    engine = create_async_engine(f"sqlite+aiosqlite:///{URL}", pool_size=10, max_overflow=5)
    write_engine = create_async_engine(f"sqlite+aiosqlite:///{URL}", pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    @event.listens_for(write_engine.sync_engine, "connect")
    def _set_up(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("pragma synchronous = full")
        cursor.execute("pragma busy_timeout = 5000")
        cursor.close()

    @event.listens_for(write_engine.sync_engine, "connect")
    def _leave_transactions_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @event.listens_for(write_engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


reading = async_sessionmaker(engine, expire_on_commit=False)
writing = async_sessionmaker(write_engine, expire_on_commit=False)

_IDS = "any($1::bigint[])" if IS_POSTGRES else "(select value from json_each(?))"
_CONFLICTS = (SQL / "conflicts.sql").read_text().replace(f"= {_IDS}", "in :ids").replace(f"in {_IDS}", "in :ids")
CONFLICTS = text(_CONFLICTS).bindparams(bindparam("ids", expanding=True))

G = GroupAppointment


async def listed(first: datetime, last: datetime, limit: int) -> list[GroupAppointment]:
    where = (G.starts_at >= first, G.starts_at < last, G.archived_at.is_(None), G.deleted_at.is_(None))
    async with reading() as session:
        found = await session.scalars(select(G).where(*where).order_by(G.starts_at, G.id).limit(limit))
        return list(found)


async def one(number: int) -> GroupAppointment | None:
    async with reading() as session:
        found: GroupAppointment | None = await session.scalar(select(G).where(G.id == number, G.deleted_at.is_(None)))
        return found


def by_id(model: Any) -> Callable[[list[int]], Awaitable[list[Any]]]:
    async def load(ids: list[int]) -> list[Any]:
        async with reading() as session:
            found = {record.id: record for record in await session.scalars(select(model).where(model.id.in_(ids)))}
        return [found.get(number) for number in ids]

    return load


async def patients_of(ids: list[int]) -> list[list[Patient]]:
    coming = (Attendee.group_appointment_id.in_(ids), Attendee.cancelled_at.is_(None))
    query = select(Attendee.group_appointment_id, Patient).join(Patient, Patient.id == Attendee.patient_id)
    found: dict[int, list[Patient]] = defaultdict(list)
    async with reading() as session:
        for number, patient in await session.execute(query.where(*coming).order_by(Attendee.id)):
            found[number].append(patient)
    return [found[number] for number in ids]


async def conflicts_of(ids: list[int]) -> list[bool]:
    async with reading() as session:
        found = set(await session.scalars(CONFLICTS, {"ids": list(ids)}))
    return [number in found for number in ids]


async def book(appointment: int, patient: int) -> Attendee:
    seats = select(G.max_attendees).where(G.id == appointment, G.archived_at.is_(None), G.deleted_at.is_(None))
    taken = select(func.count()).select_from(Attendee)
    taken = taken.where(Attendee.group_appointment_id == appointment, Attendee.cancelled_at.is_(None))
    async with writing() as session, session.begin():
        free = await session.scalar(seats.with_for_update() if IS_POSTGRES else seats)
        if free is None:
            raise ValueError("NOT_FOUND")
        if (await session.scalar(taken) or 0) >= free:
            raise ValueError("FULL")
        now = datetime.now(UTC)
        booked = Attendee(
            group_appointment_id=appointment, patient_id=patient, arrived=False, created_at=now, updated_at=now
        )
        session.add(booked)
        await session.flush()
    return booked
