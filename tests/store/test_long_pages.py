"""A page that may take a while gets a thread, so that everybody else goes on."""

import pytest

from gappt_graphql.scheduling.asking import Listing, Operator, Order, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Record, asking, paging


def is_long(kind: type[Record], field: str, part: Slice, shape: asking.Shape = ()) -> bool:
    window = paging._Window.of(Listing((), (Order(field),)), part)
    return paging._page(kind, shape, window).long


@pytest.mark.parametrize("field", ["id", "starts_at", "ends_at", "created_at", "updated_at", "practitioner_id"])
def test_the_first_page_in_the_order_of_an_index_is_read_at_once(field: str) -> None:
    assert not is_long(GroupAppointment, field, Slice(50))


@pytest.mark.parametrize(("kind", "field"), [
    (GroupAppointment, "max_attendees"),
    (GroupAppointment, "repeated_from_id"),
    (GroupAppointment, "deleted_at"),
    (Attendee, "updated_at"),
])  # fmt: skip
def test_a_page_in_an_order_that_no_index_has_gets_a_thread(kind: type[Record], field: str) -> None:
    assert is_long(kind, field, Slice(50))


def test_a_page_of_a_high_number_gets_a_thread() -> None:
    assert is_long(GroupAppointment, "created_at", Slice(50, offset=10_000))


def test_records_that_are_named_are_read_at_once_in_any_order() -> None:
    assert not is_long(GroupAppointment, "max_attendees", Slice(50), (asking.Test("id", Operator.IN, 1),))
