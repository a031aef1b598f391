"""Records for tests, made and stored with as few words as the test needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store import Account, Edit, Record, Store

A_MONDAY = datetime(2026, 3, 2, 22, tzinfo=UTC)
"""9:00 on Tuesday 3 March 2026 in Sydney, an hour of summer time."""


class Practice:
    """An account with a small directory, and a desk to work at. `now` moves only when a test moves it."""

    def __init__(self, store: Store, account: Account, now: datetime, ids: Ids) -> None:
        self.store, self.account, self.now, self.ids = store, account, now, ids
        self.business: Business
        self.practitioner: Practitioner
        self.type: AppointmentType
        self.patients: list[Patient]

    @classmethod
    async def open(cls, store: Store, *, name: str, now: datetime) -> Practice:
        ids = Ids(counter=sum(name.encode()) * 1000)
        account = Account(id=ids.next(now), name=name, created_at=now)  # type: ignore[arg-type]
        await store.add_account(account)
        practice = cls(store, account, now, ids)
        practice.business = practice.new(Business, name="North", time_zone="Australia/Sydney")
        practice.practitioner = practice.new(Practitioner, first_name="Robin", last_name="Hale", title="Dr")
        practice.type = practice.new(AppointmentType, name="Pilates", duration_in_minutes=60, max_attendees=8)
        practice.patients = practice.new_patients(12)
        await practice.save(practice.business, practice.practitioner, practice.type, *practice.patients)
        return practice

    @property
    def desk(self) -> Desk:
        return Desk(store=self.store, account=self.account.id, now=self.now, ids=self.ids, request_id="test")

    def new(self, kind: type[Any], /, **fields: Any) -> Any:
        """Return a record of this kind, with an id and timestamps of its own."""
        stamps = {"created_at": self.now, "updated_at": self.now}
        stamps = {name: value for name, value in stamps.items() if name in kind.__struct_fields__}
        return kind(**({"id": self.ids.next(self.now)} | stamps | fields))

    def new_patients(self, count: int) -> list[Patient]:
        return [self.new(Patient, first_name=f"Patient {n}", last_name="Lee") for n in range(1, count + 1)]

    def new_group(self, starts_at: datetime = A_MONDAY, *, minutes: int = 60, **fields: Any) -> GroupAppointment:
        """Return an appointment of the practice's own practitioner, business and type."""
        usual = {
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=minutes),
            "max_attendees": 8,
            "business_id": self.business.id,
            "practitioner_id": self.practitioner.id,
            "appointment_type_id": self.type.id,
        }
        return self.new(GroupAppointment, **(usual | fields))  # type: ignore[no-any-return]

    def new_attendee(self, group: GroupAppointment, patient: Patient, **fields: Any) -> Attendee:
        return self.new(Attendee, group_appointment_id=group.id, patient_id=patient.id, **fields)  # type: ignore[no-any-return]

    def new_block(self, starts_at: datetime, *, minutes: int = 60, **fields: Any) -> UnavailableBlock:
        ends_at = starts_at + timedelta(minutes=minutes)
        usual = {"practitioner_id": self.practitioner.id, "starts_at": starts_at, "ends_at": ends_at}
        return self.new(UnavailableBlock, **(usual | fields))  # type: ignore[no-any-return]

    async def save(self, *records: Record) -> None:
        """Write new records as they are."""

        async def work(book: Any) -> None:
            await book.save([Edit(None, record) for record in records])

        await self.store.write(self.account.id, work)

    async def group(
        self, starts_at: datetime = A_MONDAY, *, patients: Sequence[Patient] = (), **fields: Any
    ) -> GroupAppointment:
        """Store an appointment with these patients in it, and return it."""
        group = self.new_group(starts_at, active_attendees=len(patients), **fields)
        await self.save(group, *(self.new_attendee(group, patient) for patient in patients))
        return group

    async def reload(self, record: Any) -> Any:
        """Return the record as it is stored now."""

        async def work(book: Any) -> Any:
            return (await book.find(type(record), [record.id]))[record.id]

        return await self.store.read(self.account.id, work)

    async def revise(self, record: Any, **fields: Any) -> Any:
        """Write other values into a stored record, past every rule, and return it."""
        after = msgspec.structs.replace(record, **fields)

        async def work(book: Any) -> None:
            await book.save([Edit(record, after)])

        await self.store.write(self.account.id, work)
        return after
