"""Random operations that are valid in the schema, with variables that mostly are what they shall be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
)

SECRET = {
    ("CreateCalendarFeedPayload", "path"),
    ("CalendarFeed", "lastFour"),
    ("CreateWebhookPayload", "secret"),
    ("RotateWebhookSecretPayload", "secret"),
}
"""What is made at random, so that no two books have the same."""


class Operation(NamedTuple):
    """A document with one operation, and the variables for it."""

    text: str
    variables: dict[str, Any]


class Words(NamedTuple):
    """What arguments are made from: ids by the kind of their records, and instants."""

    ids: Mapping[str, Sequence[int]]
    instants: Sequence[str]


def random_operation(schema: GraphQLSchema, words: Words, random: Random, *, mutation: bool = False) -> Operation:
    """Return an operation, which may be invalid where two of its fields of one name can't be merged."""
    return _Writer(schema, words, random).operation("mutation" if mutation else "query")


class _Writer:
    def __init__(self, schema: GraphQLSchema, words: Words, random: Random) -> None:
        self.schema, self.words, self.random = schema, words, random
        self.definitions: dict[str, str] = {}
        self.variables: dict[str, Any] = {}
        self.fragments: dict[str, str] = {}
        self.left = random.choice([4, 8, 15, 40])
        """Fields that may still be written."""

    def operation(self, kind: str) -> Operation:
        root = self.schema.mutation_type if kind == "mutation" else self.schema.query_type
        assert root is not None
        selection = self.selection(root, depth=self.random.choice([3, 5, 8]))
        name = self.random.choice(["", " Named"])
        given = f"({', '.join(self.definitions.values())})" if self.definitions else ""
        return Operation("\n".join([f"{kind}{name}{given} {selection}", *self.fragments.values()]), self.variables)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def selection(self, type_: GraphQLObjectType, depth: int) -> str:
        parts: list[str] = []
        for _ in range(self.random.randint(1, 6)):
            self.left -= 1
            roll = self.random.random()
            if roll < 0.06:
                parts.append(self.alias("__typename") + "__typename" + self.directives())
            elif roll < 0.12 and depth > 0:
                on = self.random.choice(["", f" on {type_.name}"])
                parts.append(f"...{on}{self.directives()} {self.selection(type_, depth - 1)}")
            elif roll < 0.18 and depth > 0:
                parts.append(f"...{self.fragment(type_, depth - 1)}{self.directives()}")
            elif field := self.field(type_, depth):
                parts.append(field)
                if self.chance(0.04):
                    parts.append(field)  # the same twice is once
            if self.left < 0:
                break
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def field(self, type_: GraphQLObjectType, depth: int) -> str | None:
        fields = [
            (name, field)
            for name, field in type_.fields.items()
            if (depth > 0 or not _has_fields(field)) and (type_.name, name) not in SECRET
        ]
        if not fields:
            return None
        # Lists in lists are where most goes on.
        name, field = max(self.random.sample(fields, min(2, len(fields))), key=lambda one: _has_fields(one[1]))
        selection = self.below(field, depth) if _has_fields(field) else ""
        return f"{self.alias(name)}{name}{self.arguments(field)}{self.directives()}{selection}"

    def below(self, field: GraphQLField, depth: int) -> str:
        inner = get_named_type(field.type)
        if is_object_type(inner):
            return " " + self.selection(inner, depth - 1)
        assert is_abstract_type(inner)
        types = self.random.sample(list(self.schema.get_possible_types(inner)), 3)
        return " { " + " ".join(f"... on {one.name} {self.selection(one, depth - 1)}" for one in types) + " }"

    def alias(self, name: str) -> str:
        roll = self.random.random()
        # One alias of many fields: where they can't be merged the document is thrown away.
        return "same: " if roll < 0.01 else f"a{self.random.randint(0, 999)}: " if roll < 0.5 else ""

    def fragment(self, type_: GraphQLObjectType, depth: int) -> str:
        known = [name for name in self.fragments if name.startswith(f"{type_.name}_")]
        if known and self.chance(0.5):
            return self.random.choice(known)
        selection = self.selection(type_, depth)
        name = f"{type_.name}_{len(self.fragments)}"
        self.fragments[name] = f"fragment {name} on {type_.name} {selection}"
        return name

    def directives(self) -> str:
        if self.chance(0.92):
            return ""
        name = self.random.choice(["skip", "include"])
        if self.chance(0.5):
            return f" @{name}(if: {self.random.choice(['true', 'false'])})"
        flag = f"flag{self.random.randint(0, 1)}"
        if flag not in self.definitions:
            default = self.random.choice(["", "", " = true", " = false"])
            self.definitions[flag] = f"${flag}: Boolean!{default}"
            if not default or self.chance(0.5):
                self.variables[flag] = self.random.choice([True, False] * 20 + [None])
        return f" @{name}(if: ${flag})"

    def arguments(self, field: GraphQLField) -> str:
        given = [
            f"{name}: {self.argument(name, argument)}"
            for name, argument in field.args.items()
            if is_required_argument(argument) or self.chance(0.85 if name == "first" else 0.25)
        ]
        return f"({', '.join(given)})" if given else ""

    def argument(self, name: str, argument: GraphQLArgument) -> str:
        value = self.value(name, argument.type)
        if name not in ("input", "representations") and self.chance(0.6):
            return _literal(value, argument.type)
        variable = f"v{len(self.definitions)}"
        self.definitions[variable] = f"${variable}: {argument.type}"
        if not self.chance(0.05) or is_required_argument(argument):
            self.variables[variable] = value if self.chance(0.99) else self.random.choice([{}, -1, "?", None])
        return f"${variable}"

    def value(self, name: str, type_: GraphQLInputType) -> Any:
        """Return what an argument or a field of this name may be."""
        if is_non_null_type(type_):
            return self.value(name, type_.of_type)
        if self.chance(0.04):
            return None
        if is_list_type(type_):
            if name == "representations":
                if self.chance(0.03):
                    return [{}] * 5001
                return [self.representation() for _ in range(self.random.randint(0, 5))]
            return [self.value(name, type_.of_type) for _ in range(self.random.choice([0, 1, 1, 2, 3]))]
        if isinstance(type_, GraphQLInputObjectType):
            return {
                key: self.value(key, field.type)
                for key, field in type_.fields.items()
                if is_required_input_field(field) or self.chance(0.2)
            }
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice(list(type_.values))
        return self.scalar(name, type_.name)

    def scalar(self, name: str, type_: str) -> Any:
        random = self.random
        if type_ == "ID":
            return str(self.id(name))
        if type_ == "Int":
            sizes = [1, 2, 2, 3, 3, 3, 4, 5, 5, 30] * 2 + [0, 101, -1]
            return random.choice(sizes if name in ("first", "last") else [1, 2, 3, 45, 500])
        if type_ == "Boolean":
            return random.choice([True, False])
        if type_ == "DateTime":
            return random.choice(self.words.instants)
        if type_ == "Date":
            return random.choice(self.words.instants)[:10]
        if type_ == "URL":
            return random.choice(["https://room.example/1", "no address"])
        return random.choice(["", "Lee", "a", 'quote " and \\', "ümläut 𝄞", "Europe/London"])

    def id(self, name: str) -> object:
        if self.chance(0.1):
            return self.random.choice(["0", "none", "-5", 2**63, 12345678901])
        fit = [kind for kind in self.words.ids if kind.lower() in name.lower()] or list(self.words.ids)
        return self.random.choice(self.words.ids[self.random.choice(fit)])

    def representation(self) -> Any:
        kind = self.random.choice(["GroupAppointment", "Attendee", "Patient", "Practitioner", "Business", "Nothing"])
        return self.random.choice(
            [{"__typename": kind, "id": str(self.id(kind))}] * 8 + [{"__typename": kind}, {"id": "1"}, 5]
        )


def _has_fields(field: GraphQLField) -> bool:
    inner = get_named_type(field.type)
    return is_object_type(inner) or is_abstract_type(inner)


def _literal(value: Any, type_: Any) -> str:
    inner = type_.of_type if is_non_null_type(type_) else type_
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(one, inner.of_type) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_literal(one, inner.fields[name].type)}" for name, one in value.items()) + "}"
    if isinstance(inner, GraphQLEnumType):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
