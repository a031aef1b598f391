"""What an operation is given: the few numbers among its arguments and variables that decide how long its lists are."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)

from gappt_graphql.graph.lengths import Fact

Question = tuple[str, tuple[str, ...]]
"""A variable, and the path to what matters of it."""

_LARGEST = 1_000_000
_LONGEST_WORD = 30


class Given:
    """The variables of one operation, which remember what was asked of them."""

    def __init__(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        self.questions: dict[Question, None] = {}
        self.visited = 0
        """Fields of objects that were looked at."""

    def fact(self, node: ValueNode | None, *path: str) -> Fact:
        """Return what there is to know of an argument, or of what lies at a path within it."""
        for number, step in enumerate(path):
            if isinstance(node, VariableNode):
                return self._of_variable(node, path[number:])
            if not isinstance(node, ObjectValueNode):
                return None
            self.visited += len(node.fields)
            node = next((field.value for field in node.fields if field.name.value == step), None)
        return self._of_variable(node, ()) if isinstance(node, VariableNode) else _of_literal(node)

    def answer(self, question: Question) -> Fact:
        """Return what a variable says, or what it says by default."""
        name, path = question
        if name not in self._variables:
            return self.fact(self._defaults.get(name), *path)
        value = self._variables[name]
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return _of_value(value)

    def _of_variable(self, node: VariableNode, path: tuple[str, ...]) -> Fact:
        question = (node.name.value, path)
        self.questions[question] = None
        return self.answer(question)


def _of_literal(node: ValueNode | None) -> Fact:
    match node:
        case IntValueNode() | FloatValueNode():
            # Python refuses to read some thousand digits.
            return _of_value(float(node.value)) if len(node.value) < 20 else -1
        case BooleanValueNode():
            return int(node.value)
        case EnumValueNode():
            return node.value[:_LONGEST_WORD]
        case ListValueNode():
            return len(node.values)
        case None | NullValueNode():
            return None
    return -1


def _of_value(value: object) -> Fact:
    if value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value <= _LARGEST else -1  # infinity and what is no number among them
    if isinstance(value, str):
        return value[:_LONGEST_WORD]
    return min(len(value), _LARGEST) if isinstance(value, list) else -1
