"""The schema: its types put together, and how an operation is run against it."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import cache, lru_cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.name_converter import NameConverter
from strawberry.types import ExecutionResult
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType
from strawberry.utils.str_converters import to_camel_case

from gappt_graphql.graph import federation
from gappt_graphql.graph.admission import Admission
from gappt_graphql.graph.attendee import Attendee
from gappt_graphql.graph.context import Context, Info
from gappt_graphql.graph.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.graph.errors import ErrorCode, bad_user_input, refusal, shown
from gappt_graphql.graph.execution.planned import run_planned
from gappt_graphql.graph.group_appointment import GroupAppointment
from gappt_graphql.graph.mutations import Mutation
from gappt_graphql.graph.queries import Query
from gappt_graphql.graph.results import codes_of
from gappt_graphql.graph.scalars import SCALARS
from gappt_graphql.graph.subscriptions import Subscription
from gappt_graphql.graph.tracing import FederatedTracing
from gappt_graphql.practice.bounds import OutOfTime, Overloaded
from gappt_graphql.store.unavailable import Unavailable

# Strawberry would run a subscription too, as if it were a query.
EXECUTED = frozenset({OperationType.QUERY, OperationType.MUTATION})


class _Names(NameConverter):
    """Strawberry's names, remembered: it would make those of an input's fields anew for every argument."""

    apply_naming_config = staticmethod(cache(to_camel_case))


class Schema(strawberry.federation.Schema):
    """Strawberry's schema, with entities by batch, and errors that have codes and tell nothing of the inside."""

    has_plans = True
    """Whether known operations may be run by plans: not where every field is traced."""

    # Strawberry's fails the whole batch for one malformed representation, and shows what broke.
    async def entities_resolver(  # type: ignore[override]  # Strawberry's own is not async; it takes both
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        return await federation.entities(info, representations)  # type: ignore[return-value]

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = EXECUTED,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """
        Run a query or a mutation; whatever goes wrong is in the result's errors.

        :raises InvalidOperationTypeError: for an operation of a type that is not allowed; nothing was run
        """
        assert context_value is not None
        with context_value.observer.spans.operation(context_value.traceparent) as tell:
            result = await self._executed(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed_operation_types,
                operation_extensions,
            )
            tell(context_value.kind, context_value.name, codes_of(result) if result.errors else ())
        return result

    async def _executed(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None,
        context_value: Context,
        root_value: Any | None,
        operation_name: str | None,
        allowed_operation_types: Iterable[OperationType] | None,
        operation_extensions: dict[str, Any] | None,
    ) -> ExecutionResult:
        try:
            with context_value.desk.at_work():
                result = await run_planned(
                    self, query, variable_values, context_value, operation_name, allowed_operation_types or EXECUTED
                ) or await super().execute(
                    query,
                    variable_values,
                    context_value,
                    root_value,
                    operation_name,
                    allowed_operation_types,
                    operation_extensions,
                )
        except (MissingQueryError, CannotGetOperationTypeError, Overloaded) as refused:
            result = ExecutionResult(data=None, errors=[_refusal(refused)])
        errors = result.errors or []
        if broken_off := _broken_off(errors, context_value):
            # Half an answer would differ from time to time, and each field would say the same of the rest.
            errors, result = [broken_off], ExecutionResult(data=None, errors=None, extensions=result.extensions)
        if errors:
            result.errors = self._shown(errors, context_value)
        return result

    async def run(
        self, query: str, variables: dict[str, Any] | None, context: Context, operation_name: str | None
    ) -> AsyncGenerator[ExecutionResult, None]:
        """Run an operation of any type, and yield its result, or those of a subscription as they come about."""
        try:
            result = await self.execute(query, variables, context, operation_name=operation_name)
        except InvalidOperationTypeError:
            async with aclosing(self.events(query, variables, context, operation_name)) as results:
                async for result in results:
                    yield result
        else:
            yield result

    async def events(
        self, query: str, variables: dict[str, Any] | None, context: Context, operation_name: str | None
    ) -> AsyncGenerator[ExecutionResult, None]:
        """Run a subscription, and yield its results as they come about; or the one that says why it is not run."""
        results = await super().subscribe(query, variables, context, operation_name=operation_name)
        async with aclosing(results):
            async for result in results:
                if result.errors:
                    result.errors = self._shown(result.errors, context)
                yield result

    def _shown(self, errors: list[GraphQLError], context: Context) -> list[GraphQLError]:
        return shown(errors, request_id=context.desk.request_id, suggestions=context.options.introspection)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `shown` logs what is unexpected, without what people wrote."""


def _broken_off(errors: list[GraphQLError], context: Context) -> GraphQLError | None:
    """
    Return the one error of a query that ran out of time or lost its database.

    What a mutation has done by then is told field by field.
    """
    if context.desk.writes:
        return None
    for error in errors:
        if isinstance(error.original_error, OutOfTime):
            return refusal(ErrorCode.TIMEOUT, str(error.original_error))
        if isinstance(error.original_error, Unavailable):
            return refusal(ErrorCode.UNAVAILABLE, str(error.original_error))
    return None


def _refusal(refused: Exception) -> GraphQLError:
    if isinstance(refused, Overloaded):
        return refusal(ErrorCode.OVERLOADED, str(refused))
    if isinstance(refused, CannotGetOperationTypeError):
        message = "The document has no operation of this name."
        return refusal(ErrorCode.GRAPHQL_VALIDATION_FAILED, message)
    return bad_user_input("The request has no query.")


def sdl(*, directory: bool = True) -> str:
    """Return the schema as clients read it, in GraphQL's own language, ending in a newline."""
    return schema_of(directory=directory).as_str().rstrip() + "\n"


def schema_of(*, directory: bool = True, tracing: bool = False) -> Schema:
    """Return the one schema of these options: with the directory's lists and writes, and tracing each operation."""
    return _built(directory, tracing)


@lru_cache
def _built(directory: bool, tracing: bool) -> Schema:
    built = Schema(
        query=Query if directory else federation.without_directory(Query),
        mutation=Mutation if directory else federation.without_directory(Mutation),
        subscription=Subscription,
        types=[AppointmentType, Attendee, Business, GroupAppointment, Patient, Practitioner],
        extensions=[Admission, FederatedTracing] if tracing else [Admission],
        config=StrawberryConfig(scalar_map=SCALARS, name_converter=_Names()),
        federation_version="2.7",  # Strawberry's own is 2.11, which The Guild's composers don't know
    )
    built.has_plans = not tracing
    return built


schema = schema_of()
