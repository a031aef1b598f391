"""
How large an operation is, told from its document before anything is validated or run. See docs/limits.md.

Fragments multiply: twenty that spread the next one twice are a million fields in a kilobyte. Lists within lists do too.
So each fragment is measured once, and what it comes to is counted wherever it is spread. Strawberry's own limiters walk
every path instead: those twenty keep them busy for seconds, before anything is refused.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gappt_graphql.graph.given import Given, Question
from gappt_graphql.graph.lengths import BY_PLACE, LENGTHS, MUTATION_POINTS, OPEN, USUAL_PAGE, Fact, named, page, reach
from gappt_graphql.graph.options import Limits

_ABOUT_THE_SCHEMA = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
_MOST = 10**12
"""What is larger is counted as this: a bomb's numbers would have thousands of digits."""

_MOST_NESTED = 200
"""Selections in selections, fragments among them: more than the parser lets through in one definition."""

_MOST_SIZES, _MOST_QUESTIONS = 64, 20
"""That are remembered of one document."""

_USUAL_LIST = 10


class Size(NamedTuple):
    """What a selection comes to; or a document, where points and values are those of the operation that will run."""

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    width: int = 0
    """Its own fields, without those below them."""
    levels: int = 0
    values: int = 0
    """Fields of the answer, objects and lists among them."""
    points: int = 0
    """Objects of the answer, and what its mutations cost."""
    open_values: int = 0
    """For each entry of the lists whose length the field above says."""
    open_points: int = 0


class Measured:
    """A document and its size, which is told again without a look at the document if the same decides it."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema) -> None:
        self.document = document
        self.about_the_schema = False
        """Whether any part of it asks for the schema, run or not."""
        self.visited = 0
        """Nodes that were looked at so far."""
        self._schema = schema
        self._questions: dict[str | None, tuple[Question, ...]] = {}
        self._sizes: dict[tuple[str | None, *tuple[Fact, ...]], Size] = {}
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]

    def size(self, operation_name: str | None, variables: Mapping[str, Any]) -> Size:
        """Return the size of the document where the operation of this name is run, or the first one."""
        questions = self._questions.get(operation_name)
        given = None if questions == () else Given(self._operation(operation_name), variables)
        if questions is not None:
            answers = () if given is None else map(given.answer, questions)
            known = self._sizes.get((operation_name, *answers))
            if known is not None:
                return known
        return self._measured(operation_name, given or Given(self._operation(operation_name), variables))

    def _measured(self, operation_name: str | None, given: Given) -> Size:
        measure = _Measure(self.document, self._schema, given)
        try:
            size = measure.document(self._operations, self._operation(operation_name))
        except _NestedTooDeeplyError:
            size = Size(levels=_MOST)
        self.visited += measure.visited + given.visited
        self.about_the_schema |= measure.about_the_schema
        questions = tuple(given.questions)
        if len(questions) <= _MOST_QUESTIONS:
            if len(self._sizes) >= _MOST_SIZES:
                self._sizes.clear()
            self._questions[operation_name] = questions
            self._sizes[operation_name, *map(given.answer, questions)] = size
        return size

    def _operation(self, name: str | None) -> OperationDefinitionNode:
        named_so = (node for node in self._operations if name is None or (node.name and node.name.value == name))
        return next(named_so)


def too_large(size: Size, limits: Limits) -> str | None:
    """Return a sentence that says what a document has too much of, or None."""
    for number, most, what in (
        (size.fields, limits.fields, "fields, counting each as often as it is spread"),
        (size.aliases, limits.aliases, "aliases, counting each as often as it is spread"),
        (size.directives, limits.directives, "directives, counting each as often as it is spread"),
        (size.width, limits.root_fields, "fields at its root"),
        (size.levels, limits.depth, "levels of fields"),
        (size.values, limits.values, "values to answer with; ask for smaller pages, or for fewer lists in lists"),
        (size.points, limits.cost, "points of cost; ask for smaller pages, or for fewer lists in lists"),
    ):
        if number > most:
            return f"The operation has more than {most:,} {what}."
    return None


class _NestedTooDeeplyError(Exception):
    pass


class _Measure:
    """Measures a document once, whatever is wrong with it: to validate it comes later."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, given: Given) -> None:
        self._schema = schema
        self._given = given
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}
        self.about_the_schema = False
        self.visited = 0

    def document(self, operations: list[OperationDefinitionNode], run: OperationDefinitionNode) -> Size:
        """
        Return the largest of each number among all operations and fragments, used or not, since all are validated.

        Points and values are those of the operation that will run: other ones' variables are not known.
        """
        sizes = {id(operation): self._of_operation(operation) for operation in operations}
        parts = [*sizes.values(), *(self._of_fragment(name, 0)._replace(width=0) for name in self._fragments)]
        fields, aliases, directives, width, levels, *_ = map(max, zip(*parts, strict=True))
        chosen = sizes[id(run)]
        # A root has no open lists if the document is valid, which nobody knows yet.
        values = chosen.values + USUAL_PAGE * chosen.open_values
        points = chosen.points + USUAL_PAGE * chosen.open_points
        return _bounded(Size(fields, aliases, directives, width, levels, values, points))

    def _of_operation(self, node: OperationDefinitionNode) -> Size:
        variables = node.variable_definitions or ()
        self.visited += 1 + len(variables)
        size = self._of(node.selection_set, self._schema.get_root_type(node.operation), 0)
        own = len(node.directives or ()) + sum(len(variable.directives or ()) for variable in variables)
        return size._replace(directives=size.directives + own)

    def _of(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None, nested: int) -> Size:
        if nested > _MOST_NESTED:
            raise _NestedTooDeeplyError
        fields = aliases = directives = width = levels = values = points = open_values = open_points = 0
        self.visited += len(selection_set.selections)
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                part = self._of_field(selection, parent, nested)
            elif isinstance(selection, FragmentSpreadNode):
                part = self._of_fragment(selection.name.value, nested)
            else:
                assert isinstance(selection, InlineFragmentNode)
                on = selection.type_condition
                inner = self._schema.type_map.get(on.name.value) if on else parent
                part = self._of(selection.selection_set, inner, nested + 1)
            fields += part.fields
            aliases += part.aliases
            directives += part.directives + len(selection.directives or ())
            width += part.width
            levels = max(levels, part.levels)
            values += part.values
            points += part.points
            open_values += part.open_values
            open_points += part.open_points
        return Size(fields, aliases, directives, width, levels, values, points, open_values, open_points)

    def _of_fragment(self, name: str, nested: int) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # while it is measured, since it may spread itself
            fragment = self._fragments.get(name)
            if fragment is not None:
                self.visited += 1
                parent = self._schema.type_map.get(fragment.type_condition.name.value)
                size = self._of(fragment.selection_set, parent, nested + 1)
                directives = size.directives + len(fragment.directives or ())
                self._known[name] = _bounded(size._replace(directives=directives))
        return self._known[name]

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType | None, nested: int) -> Size:
        name, aliases = node.name.value, int(node.alias is not None)
        field = parent.fields.get(name) if isinstance(parent, GraphQLObjectType) else None
        if name in _ABOUT_THE_SCHEMA:
            self.about_the_schema = True
            field = _ABOUT_THE_SCHEMA[name]
        length = self._length(node, field)
        if node.selection_set is None:
            return Size(1, aliases, 0, 1, 1, 1 if length == OPEN else length)
        below = self._of(node.selection_set, get_named_type(field.type) if field else None, nested + 1)
        entries, points = self._below(node, field)
        if parent is self._schema.mutation_type:
            points += MUTATION_POINTS
        values = 1 + below.values + entries * below.open_values
        points += 1 + below.points + entries * below.open_points
        own = (1 + below.fields, aliases + below.aliases, below.directives, 1, 1 + below.levels)
        if length == OPEN:
            return _bounded(Size(*own, open_values=values, open_points=points))
        return _bounded(Size(*own, values=length * values, points=length * points))

    def _length(self, node: FieldNode, field: GraphQLField | None) -> int:
        """Return how long the field's own list is taken to be; 1 if it is none."""
        if field is None or not is_list_type(get_nullable_type(field.type)):
            return 1
        if "representations" in field.args:
            return named(self._given.fact(self._arguments(node).get("representations")))
        return LENGTHS.get(node.name.value, _USUAL_LIST)

    def _below(self, node: FieldNode, field: GraphQLField | None) -> tuple[int, int]:
        """Return how long the lists right below the field are that are open, and what the field's input costs."""
        if field is not None and "first" in field.args:
            arguments = self._arguments(node)
            return page(*(self._given.fact(arguments.get(name)) for name in ("first", "last"))), 0
        if field is not None and "input" in field.args:
            input, fact = self._arguments(node).get("input"), self._given.fact
            reached = reach(
                scope=fact(input, "scope"),
                repeats=fact(input, "repeatRule", "numberOfRepeats"),
                patients=fact(input, "patientIds"),
                copied=fact(input, "copyAttendees"),
            )
            return reached.places if node.name.value in BY_PLACE else reached.dates, reached.points
        return USUAL_PAGE, 0

    def _arguments(self, node: FieldNode) -> dict[str, Any]:
        self.visited += len(node.arguments or ())
        return {argument.name.value: argument.value for argument in node.arguments or ()}


def _bounded(size: Size) -> Size:
    return Size(*(min(number, _MOST) for number in size)) if max(size) > _MOST else size
