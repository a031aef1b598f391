"""When operations are run by plans, and what is bounded about them."""

import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from graphql import DocumentNode, parse
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from builders import Practice
from faulty_books import Faults, FaultyStore
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.execution import versions
from gappt_graphql.graph.execution.plans import MOST_FIELDS, Plans
from gappt_graphql.graph.options import Limits, Options
from gappt_graphql.graph.schema import schema, schema_of
from gappt_graphql.graph.shared import Shared
from gappt_graphql.store import Edit

ONE = "query ($id: ID!) { groupAppointment(id: $id) { id startsAt } }"
BOTH = frozenset({"read", "write"})


class Asker:
    """A client of a server with these options."""

    def __init__(self, practice: Practice, *, scopes: frozenset[str] = BOTH, **options: Any) -> None:
        self.practice, self.scopes = practice, scopes
        self.shared = Shared(Options(**options))
        self.context: Context

    async def ask(self, text: str, asked: Any = schema, **more: Any) -> ExecutionResult:
        variables = more.pop("variables", None)
        options = self.shared.options
        self.context = Context(self.practice.desk, scopes=self.scopes, options=options, shared=self.shared)
        result: ExecutionResult = await asked.execute(text, variables, self.context, **more)
        return result

    async def second(self, text: str, **more: Any) -> ExecutionResult:
        """Ask the same twice, and return the second answer."""
        await self.ask(text, **more)
        return await self.ask(text, **more)


def is_planned(result: ExecutionResult) -> bool:
    return isinstance(result.data, msgspec.Raw)


def data(result: ExecutionResult) -> Any:
    assert result.data is not None
    return msgspec.json.decode(result.data) if is_planned(result) else result.data


@pytest.fixture
def asker(practice: Practice) -> Asker:
    return Asker(practice)


@pytest.fixture
def unknown_versions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    versions.are_known.cache_clear()
    monkeypatch.setattr(versions, "KNOWN", frozenset({("3.3.2", "0.0.1")}))
    yield
    versions.are_known.cache_clear()


async def test_an_operation_is_run_by_a_plan_when_it_is_seen_again(asker: Asker) -> None:
    assert [is_planned(await asker.ask("{ __typename }")) for _ in range(3)] == [False, True, True]


async def test_a_plan_is_made_once(asker: Asker) -> None:
    plans = asker.shared.documents.plans
    document = parse("{ __typename }")

    assert plans.of(schema, "x", document, None, {}) is plans.of(schema, "x", document, None, {})


async def test_where_it_is_turned_off_there_are_no_plans(practice: Practice) -> None:
    assert not is_planned(await Asker(practice, compile=False).second("{ __typename }"))


async def test_versions_that_are_not_known_have_no_plans_and_are_told_once(
    asker: Asker, unknown_versions: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        results = [await asker.ask("{ __typename }") for _ in range(3)]

    assert not any(map(is_planned, results))
    assert len([record for record in caplog.records if "plans" in record.message]) == 1


def test_the_versions_that_are_installed_are_known() -> None:
    assert versions.are_known()


async def test_a_schema_that_traces_has_no_plans(asker: Asker) -> None:
    await asker.ask("{ __typename }")

    assert not is_planned(await asker.ask("{ __typename }", schema_of(tracing=True)))


@pytest.mark.parametrize("text", ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }'])
async def test_the_schema_is_told_without_a_plan(asker: Asker, text: str) -> None:
    result = await asker.second(text)

    assert not is_planned(result)
    assert result.errors is None


@pytest.mark.parametrize("flags", [{"a": True}, {"a": False}])
async def test_each_setting_of_its_flags_has_a_plan(asker: Asker, flags: dict[str, bool]) -> None:
    text = "query ($a: Boolean!) { x: __typename @include(if: $a) y: __typename @skip(if: $a) }"
    result = await asker.second(text, variables=flags)

    assert is_planned(result)
    assert list(data(result)) == ["x" if flags["a"] else "y"]


async def test_an_operation_with_too_many_flags_has_no_plan(asker: Asker) -> None:
    names = "abcde"
    fields = " ".join(f"{name}: __typename @include(if: ${name})" for name in names)
    text = f"query ({', '.join(f'${name}: Boolean!' for name in names)}) {{ {fields} }}"
    result = await asker.second(text, variables=dict.fromkeys(names, True))

    assert not is_planned(result)
    assert list(data(result)) == list(names)


async def test_a_mutation_is_done_before_the_next(asker: Asker) -> None:
    text = """mutation ($a: CreatePatientInput!, $b: CreatePatientInput!) {
        a: createPatient(input: $a) { patient { id } } b: createPatient(input: $b) { patient { id } } }"""
    names = {name: {"firstName": name, "lastName": "Lee"} for name in "ab"}
    result = await asker.second(text, variables=names)

    assert is_planned(result)
    first, second = (int(data(result)[name]["patient"]["id"]) for name in "ab")
    assert first < second


async def test_what_a_mutation_answers_is_read_after_it(asker: Asker, practice: Practice) -> None:
    group = await practice.group(notes="old")
    text = """mutation ($id: ID!) {
        a: updateGroupAppointment(input: {id: $id, notes: "one"}) { groupAppointment { notes } }
        b: updateGroupAppointment(input: {id: $id, notes: "two"}) { groupAppointment { notes } } }"""
    result = await asker.second(text, variables={"id": str(group.id)})

    assert is_planned(result)
    assert [data(result)[name]["groupAppointment"]["notes"] for name in "ab"] == ["one", "two"]


async def test_a_mutation_that_is_known_is_not_run_where_only_queries_are_allowed(asker: Asker) -> None:
    text = 'mutation { archivePatient(input: {id: "1"}) { userErrors { code } } }'
    assert is_planned(await asker.second(text))

    with pytest.raises(InvalidOperationTypeError):
        await asker.ask(text, allowed_operation_types={OperationType.QUERY})


async def test_a_key_without_the_scope_runs_no_plan(asker: Asker, practice: Practice) -> None:
    await asker.second("{ __typename }")
    asker.scopes = frozenset({"write"})
    result = await asker.ask("{ __typename }")

    assert [(error.extensions or {})["code"] for error in result.errors or ()] == ["FORBIDDEN"]


async def test_a_plan_is_held_to_the_limits_by_its_variables(practice: Practice) -> None:
    asker = Asker(practice, limits=Limits(cost=30))
    text = "query ($n: Int) { patients(first: $n) { nodes { id } } }"
    assert is_planned(await asker.second(text, variables={"n": 10}))
    result = await asker.ask(text, variables={"n": 50})

    assert [(error.extensions or {})["code"] for error in result.errors or ()] == ["OPERATION_TOO_LARGE"]


async def test_variables_that_do_not_fit_are_refused_alike(asker: Asker) -> None:
    await asker.second(ONE, variables={"id": "1"})
    known = await asker.ask(ONE, variables={"id": [5]})
    unknown = await Asker(asker.practice).ask(ONE, variables={"id": [5]})

    assert [error.formatted for error in known.errors or ()] == [error.formatted for error in unknown.errors or ()]
    assert known.data is None


async def test_of_several_operations_the_named_one_is_run(asker: Asker) -> None:
    text = "query A { a: __typename } query B { b: __typename }"
    for name in ("A", "B"):
        assert list(data(await asker.second(text, operation_name=name))) == [name.lower()]

    result = await asker.ask(text)
    assert [(error.extensions or {})["code"] for error in result.errors or ()] == ["GRAPHQL_VALIDATION_FAILED"]


async def test_what_is_told_of_an_operation_is_the_same(asker: Asker) -> None:
    for _ in range(2):
        await asker.ask("mutation M { archivePatient(input: {id: 1}) { userErrors { code } } }")
        assert (asker.context.kind, asker.context.name, asker.context.cost) == ("mutation", "other", 13)


ABOUT_ONE = """query ($id: ID!) { groupAppointment(id: $id) { notes
    practitioner { label } business { name } appointmentType { name } patients { label } waitlist { id } } }"""


class Watched:
    """A store that counts its units of work, and has each begun again when it has answered so many questions."""

    def __init__(self, store: Any, *, lost_after: int | None = None, meanwhile: Any = None) -> None:
        self.store, self.lost_after, self.meanwhile = store, lost_after, meanwhile
        self.readings = 0
        self.asked: list[str] = []

    async def read(self, account: Any, work: Any) -> Any:
        self.readings += 1
        if self.lost_after is not None:
            left, self.lost_after = self.lost_after, None
            with pytest.raises(ConnectionError):
                await self.store.read(account, lambda book: work(_Watched(book, self.asked, left)))
            await self.meanwhile()
        return await self.store.read(account, lambda book: work(_Watched(book, self.asked)))


class _Watched:
    def __init__(self, book: Any, asked: list[str], most: int = 100) -> None:
        self.book, self.asked, self.left = book, asked, most

    def __getattr__(self, name: str) -> Any:
        if not self.left:
            raise ConnectionError
        self.left -= 1
        self.asked.append(name)
        return getattr(self.book, name)


async def asked_of(asker: Asker, store: Any, text: str, variables: dict[str, Any]) -> ExecutionResult:
    """Ask what is known already, of this store."""
    await asker.ask(text, variables=variables)
    desk = msgspec.structs.replace(asker.practice.desk, store=store)
    result = await schema.execute(text, variables, Context(desk, scopes=BOTH, shared=asker.shared))
    assert is_planned(result)
    return result


async def test_an_operation_is_one_unit_of_work(asker: Asker, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:2])
    store = Watched(practice.store)
    await asked_of(asker, store, ABOUT_ONE, {"id": str(group.id)})

    assert store.readings == 1


@pytest.mark.parametrize("questions", range(6))
async def test_an_operation_that_is_begun_again_is_of_one_moment(
    asker: Asker, practice: Practice, questions: int
) -> None:
    """The appointment and all whom it names change while the connection is lost."""
    group = await practice.group(patients=practice.patients[:2], notes="old")
    variables = {"id": str(group.id)}

    async def meanwhile() -> None:
        patients = [msgspec.structs.replace(one, last_name="Later") for one in practice.patients[:2]]
        business = msgspec.structs.replace(practice.business, name="Later")
        practitioner = msgspec.structs.replace(practice.practitioner, last_name="Later")
        [stored] = (await practice.desk.read(lambda book: book.find(type(group), [group.id]))).values()
        later = msgspec.structs.replace(stored, notes="later")
        before = [*practice.patients[:2], practice.business, practice.practitioner, stored]
        edits = [
            Edit(one, other) for one, other in zip(before, [*patients, business, practitioner, later], strict=True)
        ]
        await practice.store.write(practice.desk.account, lambda book: book.save(edits))

    store = Watched(practice.store, lost_after=questions, meanwhile=meanwhile)
    found = await asked_of(asker, store, ABOUT_ONE, variables)

    assert found.errors is None
    assert data(found) == data(await asker.ask(ABOUT_ONE, variables=variables))
    assert data(found)["groupAppointment"]["notes"] == "later"


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ("conflicts { exist }", ["conflicting"]),
        ("conflicts { items { kind } exist }", ["conflicts_of"]),
        ("conflicts { exist } more: conflicts { items { kind } }", ["conflicts_of"]),
    ],
)
async def test_whether_there_are_conflicts_is_looked_for_alone_if_nothing_else_is_asked(
    asker: Asker, practice: Practice, fields: str, asked: list[str]
) -> None:
    groups = [await practice.group(patients=practice.patients[:1]) for _ in range(2)]
    lone = await practice.group(groups[0].ends_at)
    text = "query ($ids: [ID!]) { groupAppointments(filter: {ids: $ids}) { nodes { id FIELDS } } }"
    text, variables = text.replace("FIELDS", fields), {"ids": [str(one.id) for one in (*groups, lone)]}
    store = Watched(practice.store)
    found = await asked_of(asker, store, text, variables)

    assert found.errors is None
    exist = {row["id"]: row["conflicts"]["exist"] for row in data(found)["groupAppointments"]["nodes"]}
    assert exist == {str(groups[0].id): True, str(groups[1].id): True, str(lone.id): False}
    assert [one for one in store.asked if one.startswith("conflict")] == asked


async def test_an_argument_that_may_not_be_null_fails_its_field_alike(asker: Asker, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1])
    text = """query ($id: ID!, $all: Boolean) { groupAppointment(id: $id) {
        id attendees(includeCancelled: $all) { id } conflicts { exist } } }"""
    variables = {"id": str(group.id), "all": None}
    expected = await Asker(practice, compile=False).ask(text, variables=variables)
    found = await asker.second(text, variables=variables)

    assert is_planned(found)
    assert data(found) == data(expected) == {"groupAppointment": None}
    assert [error.formatted for error in found.errors or ()] == [error.formatted for error in expected.errors or ()]


async def test_a_record_of_which_the_id_alone_is_asked_is_not_read(asker: Asker, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:2])
    text = """query ($id: ID!) { groupAppointment(id: $id) {
        practitioner { __typename key: id } attendees { patient { id } groupAppointment { ...one } } } }
        fragment one on GroupAppointment { id }"""
    store = Watched(practice.store)
    found = await asked_of(asker, store, text, {"id": str(group.id)})

    assert store.asked == ["find", "attendees_of"]
    assert data(found)["groupAppointment"] == {
        "practitioner": {"__typename": "Practitioner", "key": str(practice.practitioner.id)},
        "attendees": [
            {"patient": {"id": str(one.id)}, "groupAppointment": {"id": str(group.id)}} for one in practice.patients[:2]
        ],
    }


async def test_of_several_failures_that_make_one_null_one_is_told(asker: Asker, practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:3])
    text = "query ($id: ID!) { groupAppointment(id: $id) { attendees { patient { label } } } }"
    variables = {"id": str(group.id)}
    await asker.ask(text, variables=variables)
    store: Any = FaultyStore(practice.store, Faults(failing=frozenset({"find Patient"})))
    context = Context(msgspec.structs.replace(practice.desk, store=store), scopes=BOTH, shared=asker.shared)
    result = await schema.execute(text, variables, context)

    assert is_planned(result)
    assert data(result) == {"groupAppointment": None}
    assert [error.path for error in result.errors or ()] == [["groupAppointment", "attendees", 0, "patient"]]


async def test_a_list_of_named_records_that_cannot_be_read_fails_as_one(asker: Asker, practice: Practice) -> None:
    text = """mutation ($input: CreateGroupAppointmentInput!) {
        createGroupAppointment(input: $input) { repeats { id } } }"""
    variables = {
        "input": {
            "startsAt": "2026-03-03T22:00:00Z",
            "businessId": str(practice.business.id),
            "practitionerId": str(practice.practitioner.id),
            "appointmentTypeId": str(practice.type.id),
            "repeatRule": {"repeatType": "WEEKLY", "repeatingInterval": 1, "numberOfRepeats": 2},
        }
    }
    assert (await asker.ask(text, variables=variables)).errors is None
    store: Any = FaultyStore(practice.store, Faults(failing=frozenset({"find GroupAppointment"})))
    context = Context(msgspec.structs.replace(practice.desk, store=store), scopes=BOTH, shared=asker.shared)
    result = await schema.execute(text, variables, context)

    assert is_planned(result)
    assert [error.path for error in result.errors or ()] == [["createGroupAppointment", "repeats"]]


def test_names_of_fields_and_arguments_are_made_once() -> None:
    name = schema.config.name_converter.apply_naming_config

    assert name("starts_at") is name("starts_at")


def test_the_plans_that_were_used_longest_ago_are_forgotten_first() -> None:
    plans = Plans()
    document = wide(200)

    def made(n: int) -> Any:
        return plans.of(schema, f"{n}", document, None, {})

    first, second = made(0), made(1)
    for n in range(2, MOST_FIELDS // 205):
        made(n)
        assert made(0) is first
    made(-1)
    made(-2)

    assert made(0) is first
    assert made(1) is not second


def wide(fields: int) -> DocumentNode:
    return parse("{ " + " ".join(f"a{n}: __typename" for n in range(fields)) + " }")
