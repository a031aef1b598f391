"""The query string is read as the reference's grammar says, and what it does not say is a 400."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from gappt_graphql.rest.errors import Answered
from gappt_graphql.rest.query_string import Asked, asked, asked_of_one
from gappt_graphql.rest.reading import ATTENDEES, GROUP_APPOINTMENTS, PATIENTS, PRACTITIONERS
from gappt_graphql.scheduling.asking import Condition, Operator, Order, Slice
from gappt_graphql.scheduling.ids import LARGEST_ID

COLUMNS = GROUP_APPOINTMENTS.columns
INT64 = ("id", "appointment_type_id", "business_id", "practitioner_id", "repeated_from_id")
DATE_TIME = ("starts_at", "ends_at", "created_at", "updated_at", "archived_at", "deleted_at")
COMPARING = {
    "!=": Operator.NOT_EQUAL,
    ">=": Operator.GREATER_OR_EQUAL,
    ">": Operator.GREATER,
    "<=": Operator.LESS_OR_EQUAL,
    "<": Operator.LESS,
}
ORDERING = {symbol: operator for symbol, operator in COMPARING.items() if symbol != "!="}
ALONE = {"?": Operator.IS_SET, "!?": Operator.IS_NOT_SET}
UNARCHIVED = Condition("archived_at", Operator.IS_NOT_SET)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def read(text: str | bytes) -> Asked:
    """Read a query string about group appointments."""
    return asked(text if isinstance(text, bytes) else text.encode(), COLUMNS)


def filtered(*filters: str) -> tuple[Condition, ...]:
    """Return the conditions that filters stand for."""
    return read("&".join(f"q[]={quote(each)}" for each in filters)).listing.where


def refusal(text: str | bytes) -> str:
    """Return why a query string is a 400."""
    with pytest.raises(Answered) as answered:
        read(text)
    assert answered.value.status == 400
    return answered.value.message


@pytest.mark.parametrize("field", INT64)
@pytest.mark.parametrize("symbol", COMPARING)
def test_every_number_is_compared_with_a_number(field: str, symbol: str) -> None:
    assert filtered(f"{field}:{symbol}7") == (Condition(field, COMPARING[symbol], (7,)), UNARCHIVED)


@pytest.mark.parametrize("field", INT64)
def test_every_number_is_found_among_several(field: str) -> None:
    assert filtered(f"{field}:=1") == (Condition(field, Operator.IN, (1,)), UNARCHIVED)
    assert filtered(f"{field}:=1,2,3") == (Condition(field, Operator.IN, (1, 2, 3)), UNARCHIVED)


@pytest.mark.parametrize("field", [*INT64, *DATE_TIME])
@pytest.mark.parametrize("symbol", ALONE)
def test_everything_is_set_or_not(field: str, symbol: str) -> None:
    assert filtered(f"{field}:{symbol}", "deleted_at:*") == (Condition(field, ALONE[symbol]),)


@pytest.mark.parametrize("field", DATE_TIME)
@pytest.mark.parametrize("symbol", ORDERING)
def test_every_time_is_compared_with_a_time(field: str, symbol: str) -> None:
    found = filtered(f"{field}:{symbol}2026-03-02T12:00:00Z", "deleted_at:*")

    assert found == (Condition(field, ORDERING[symbol], (NOON,)),)


@pytest.mark.parametrize("field", ["starts_at", "ends_at", "created_at", "updated_at"])
def test_any_time_is_no_condition(field: str) -> None:
    assert filtered(f"{field}:*") == (UNARCHIVED,)


def test_a_patient_has_a_place_in_it() -> None:
    assert filtered("patient_ids:~7") == (Condition("patient_ids", Operator.CONTAINS, (7,)), UNARCHIVED)


@pytest.mark.parametrize("field", ["archived_at", "deleted_at"])
@pytest.mark.parametrize("rest", ["*", "?", "!?", ">=2026-03-02T12:00:00Z", "<2026-03-02T12:00:00Z"])
def test_any_filter_of_archiving_lifts_the_default_that_leaves_archived_ones_out(field: str, rest: str) -> None:
    assert len(filtered(f"{field}:{rest}")) == (0 if rest == "*" else 1)


def test_several_filters_of_one_field_must_all_hold() -> None:
    assert filtered("id:>1", "id:<=9", "id:!=5") == (
        Condition("id", Operator.GREATER, (1,)),
        Condition("id", Operator.LESS_OR_EQUAL, (9,)),
        Condition("id", Operator.NOT_EQUAL, (5,)),
        UNARCHIVED,
    )


@pytest.mark.parametrize("name", ["q", "q[]", "q%5B%5D", "%71"])
def test_filters_come_as_q_with_or_without_brackets(name: str) -> None:
    assert read(f"{name}=id:=1").listing.where == (Condition("id", Operator.IN, (1,)), UNARCHIVED)


def test_the_field_ends_at_the_first_colon() -> None:
    assert read(b"q=starts_at:>2026-03-02T12:00:00Z").listing.where[0].values == (NOON,)


@pytest.mark.parametrize("time", ["14:00:00%2B02:00", "14:00:00+02:00", "14:00:00%2002:00", "10:00:00-02:00"])
def test_the_plus_of_an_offset_may_have_become_a_space(time: str) -> None:
    assert read(f"q=starts_at:>2026-03-02T{time}").listing.where[0].values == (NOON,)


def test_the_largest_number_and_zero_are_numbers() -> None:
    assert filtered(f"id:=0,{LARGEST_ID}")[0].values == (0, LARGEST_ID)


@pytest.mark.parametrize("field", INT64)
@pytest.mark.parametrize(
    "rest",
    ["", "7", "=", "!=", ">=", ">", "<=", "<", "*", "=*", "~7", "==7", "=>7", "<>7", "!7", "!!?", "??", "!?7", "?7",
     "? ", "!=1,2", ">1,2", "=1,", "=,1", "=1,,2", "=1;2", "=-1", "=+1", "= 1", "=1 ", "=1, 2", "=0x1f", "=1f", "=1.0",
     "=1e3", "=1_000", "=007", f"={LARGEST_ID + 1}", f">{10**30}", "=" + "9" * 5000, "=٣", "=²", "=null", "=1\n",
     "=2026-03-02T12:00:00Z", ":=1"],
)  # fmt: skip
def test_a_number_takes_nothing_else(field: str, rest: str) -> None:
    assert refusal(f"q[]={quote(f'{field}:{rest}')}").startswith(f"{field} takes =, !=, >=, >, <= or < and ")


@pytest.mark.parametrize("field", DATE_TIME)
@pytest.mark.parametrize(
    "rest",
    ["", "2026-03-02T12:00:00Z", "=2026-03-02T12:00:00Z", "!=2026-03-02T12:00:00Z", "~2026-03-02T12:00:00Z", ">", ">=",
     "<", "<=", "*2026-03-02T12:00:00Z", "**", "?2026-03-02T12:00:00Z", "!?1", ">2026-03-02", ">2026-03-02T12:00:00",
     ">2026-03-02 12:00:00Z", ">2026-03-02T12:00Z", ">2026-02-30T12:00:00Z", ">2026-03-02T24:00:00Z",
     ">2026-03-02T12:00:60Z", ">2026-03-02T12:00:00.1234567Z", ">2026-03-02T12:00:00+0200", ">2026-03-02T12:00:00 Z",
     ">0001-01-01T00:00:00+01:00", ">99999-01-01T00:00:00Z", ">2026-W10-1T12:00:00Z", ">now", ">1", "> 02:00",
     ">2026-03-02T12:00:00Z,2026-03-03T12:00:00Z", ">2026-03-02T12:00:00Z "],
)  # fmt: skip
def test_a_time_takes_nothing_else(field: str, rest: str) -> None:
    message = refusal(f"q[]={quote(f'{field}:{rest}')}")

    assert field in message
    assert "2026-03-02T09:00:00Z" in message


@pytest.mark.parametrize("rest", ["", "7", "=7", "!=7", ">7", "?", "!?", "*", "~", "~~7", "~1,2", "~-1", "~a", "~ 1"])
def test_patients_take_nothing_else(rest: str) -> None:
    message = refusal(f"q[]={quote(f'patient_ids:{rest}')}")

    assert "patient_ids" in message
    assert "~" in message


@pytest.mark.parametrize("text", ["", ":", ":=1", "notes:~x", "ID:=1", " id:=1", "id :=1", "max_attendees:>1", "id=1"])
def test_another_field_is_refused_by_naming_those_there_are(text: str) -> None:
    message = refusal(f"q[]={quote(text)}")

    assert all(field in message for field in COLUMNS)
    assert repr(text.partition(":")[0]) in message


@pytest.mark.parametrize("text", ["id", "starts_at", "patient_ids"])
def test_a_field_without_a_colon_is_told_what_it_takes(text: str) -> None:
    assert refusal(f"q={text}").startswith(f"{text} takes ")


def test_a_long_field_is_not_repeated_whole() -> None:
    assert len(refusal(b"q=" + b"x" * 10_000)) < 400


@pytest.mark.parametrize("query", [b"q=%ff", b"q=%C3%28", b"x=%80", b"%ff=1", b"q=\xff", b"q=%ED%A0%80"])
def test_what_is_not_utf8_is_refused(query: bytes) -> None:
    assert "UTF-8" in refusal(query)


@pytest.mark.parametrize("query", ["q=%", "q=%4", "q=%zz", "x=%u0041", "100%=1"])
def test_a_percent_that_stands_for_nothing_is_refused(query: str) -> None:
    assert "%" in refusal(query)


@pytest.mark.parametrize("query", ["q=id:=1%00", "x=%00", "%00=1", "sort=id%00"])
def test_nul_is_refused(query: str) -> None:
    assert "NUL" in refusal(query)


@pytest.mark.parametrize(
    "query", ["q[0]=id:=1", "q[id]=1", "sort[0]=id", "page[]=1", "per_page[size]=1", "order[]=asc"]
)
def test_brackets_of_another_kind_are_refused_lest_a_filter_be_overlooked(query: str) -> None:
    assert "parameter" in refusal(query)


@pytest.mark.parametrize("query", ["", "&", "&&", "=", "x", "x=1", "utm[source]=1", "Q=1", "é=1"])
def test_parameters_of_other_names_are_passed_over(query: str) -> None:
    assert read(query) == read("")


def test_a_list_takes_a_hundred_filters() -> None:
    assert len(filtered(*["id:>1"] * 100)) == 101
    assert "100" in refusal("&".join(["q=id:>1"] * 101))


def test_a_page_has_fifty_records_in_order_of_creation() -> None:
    question = read("")

    assert question.part == Slice(50)
    assert question.listing.order == (Order("created_at"),)


@pytest.mark.parametrize(("query", "part"), [
    ("page=1", Slice(50)),
    ("page=3", Slice(50, offset=100)),
    ("per_page=1", Slice(1)),
    ("per_page=100&page=2", Slice(100, offset=100)),
    (f"page={LARGEST_ID}", Slice(50, offset=(LARGEST_ID - 1) * 50)),
])  # fmt: skip
def test_a_page_is_told_by_its_number_and_size(query: str, part: Slice) -> None:
    assert read(query).part == part


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", ["", "0", "-1", "+1", "%2B1", "01", "1.0", "1e1", "0x1", "one", "1,2", "٣", "%201",
                                   "1%20", str(LARGEST_ID + 1), "9" * 5000, "null"])  # fmt: skip
def test_a_bad_number_of_a_page_is_refused(name: str, value: str) -> None:
    assert refusal(f"{name}={value}").startswith(f"{name} takes a whole number from 1 to ")


def test_a_page_has_at_most_a_hundred_records() -> None:
    assert refusal("per_page=101") == "per_page takes a whole number from 1 to 100."


@pytest.mark.parametrize("name", ["page", "per_page", "order"])
def test_what_can_have_one_value_is_given_once(name: str) -> None:
    assert refusal(f"{name}=asc&{name}=asc").startswith(name)


@pytest.mark.parametrize("field", [*INT64, *DATE_TIME])
def test_a_list_is_sorted_by_every_number_and_time(field: str) -> None:
    assert read(f"sort={field}").listing.order == (Order(field),)
    assert read(f"sort={field}:desc").listing.order == (Order(field, descending=True),)
    assert read(f"sort={field}:asc&order=desc").listing.order == (Order(field),)


@pytest.mark.parametrize("query", [
    "sort=starts_at:desc,id",
    "sort=starts_at%3Adesc%2Cid",
    "sort=starts_at:desc&sort=id",
    "sort[]=starts_at:desc&sort[]=id",
    "sort[]=starts_at:desc&sort=id:asc",
    "sort=starts_at:desc,starts_at,id",
])  # fmt: skip
def test_a_sort_has_several_columns_in_one_or_in_many_parameters(query: str) -> None:
    assert read(query).listing.order == (Order("starts_at", descending=True), Order("id"))


@pytest.mark.parametrize(("query", "order"), [
    ("order=desc", (Order("created_at", descending=True),)),
    ("order=asc", (Order("created_at"),)),
    ("order=desc&sort=starts_at,id:asc", (Order("starts_at", descending=True), Order("id"))),
    ("sort=starts_at,id:desc&order=asc", (Order("starts_at"), Order("id", descending=True))),
])  # fmt: skip
def test_the_older_order_is_the_direction_of_columns_without_their_own(query: str, order: tuple[Order, ...]) -> None:
    assert read(query).listing.order == order


@pytest.mark.parametrize(
    "value", ["", "notes", "patient_ids", "Id", "id,", ",id", "id;starts_at", "-id", "%20id", ":desc"]
)
def test_another_column_to_sort_by_is_refused_by_naming_those_there_are(value: str) -> None:
    message = refusal(f"sort={value}")

    assert all(field in message for field in (*INT64, *DATE_TIME))
    assert "patient_ids," not in message


@pytest.mark.parametrize("value", ["id:", "id:up", "id:DESC", "id:desc:asc", "id:desc%20"])
def test_another_direction_to_sort_in_is_refused(value: str) -> None:
    assert refusal(f"sort={value}").startswith("sort takes id:asc or id:desc")


@pytest.mark.parametrize("value", ["", "up", "DESC", "asc,desc"])
def test_another_order_is_refused(value: str) -> None:
    assert refusal(f"order={value}") == "order takes asc or desc."


def test_the_links_of_a_list_keep_everything_but_the_page() -> None:
    question = read(
        "page=2&x=1&q[]=starts_at:%3E2026-03-02T12:00:00%2B01:00&q=id:=1,2&sort=id:desc&order=asc&per_page=9"
    )

    assert question.query(3) == (
        "page=3&q[]=starts_at:%3E2026-03-02T12:00:00%2B01:00&q=id:=1,2&sort=id:desc&order=asc&per_page=9"
    )
    again = read(question.query(3))
    assert (again.listing, again.part) == (question.listing, Slice(9, offset=18))


def test_one_record_is_asked_about_its_archiving_alone() -> None:
    assert asked_of_one(b"", COLUMNS, hidden=True) == (UNARCHIVED,)
    assert asked_of_one(b"", PATIENTS.columns, hidden=False) == ()
    assert asked_of_one(b"q[]=archived_at:*", COLUMNS, hidden=True) == ()
    assert asked_of_one(b"q=deleted_at:?", COLUMNS, hidden=True) == (Condition("deleted_at", Operator.IS_SET),)
    for text in (b"q=id:=1", b"q=starts_at:?", b"q=archived_at:=1", b"q=deleted_at:", b"q=", b"q=%ff", b"q[1]=x"):
        with pytest.raises(Answered) as answered:
            asked_of_one(text, COLUMNS, hidden=True)
        assert answered.value.status == 400


def test_cancelled_attendees_are_left_out_unless_they_are_asked_for() -> None:
    going = Condition("cancelled_at", Operator.IS_NOT_SET)

    assert asked(b"", ATTENDEES.columns).listing.where == (UNARCHIVED, going)
    assert asked(b"q=cancelled_at:*", ATTENDEES.columns).listing.where == (UNARCHIVED,)
    assert asked(b"q=archived_at:*", ATTENDEES.columns).listing.where == (going,)


def test_an_attendees_appointment_is_called_its_booking() -> None:
    question = asked(b"q=booking_id:=7&q=cancelled_at:*&q=archived_at:*&sort=booking_id", ATTENDEES.columns)

    assert question.listing.where == (Condition("group_appointment_id", Operator.IN, (7,)),)
    assert question.listing.order == (Order("group_appointment_id"),)


def test_practitioners_are_never_archived() -> None:
    assert asked(b"", PRACTITIONERS.columns).listing.where == ()
    with pytest.raises(Answered, match="archived_at"):
        asked(b"q=archived_at:*", PRACTITIONERS.columns)
