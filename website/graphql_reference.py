"""The GraphQL reference, a page for each kind of definition, from schema.graphql."""

from collections.abc import Sequence

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    print_ast,
    specified_scalar_types,
)
from website.markdown import cell, page, plain, table

OPERATIONS = {"queries": "Queries", "mutations": "Mutations", "subscriptions": "Subscriptions"}
KINDS = {"objects": "Objects", "inputs": "Inputs", "enums": "Enums", "scalars": "Scalars and unions"}


def graphql_pages(sdl: str) -> dict[str, str]:
    """Return each page's text by its file's name."""
    schema = build_schema(sdl, assume_valid_sdl=True)
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    types = [
        type_
        for name, type_ in sorted(schema.type_map.items())
        if type_ not in roots and not name.startswith("__") and name not in specified_scalar_types
    ]
    pages = {}
    for (file, title), root in zip(OPERATIONS.items(), roots, strict=True):
        fields = sorted(root.fields.items()) if root else []
        pages[f"{file}.md"] = page(title, *(_operation(name, field) for name, field in fields))
    for file, title in KINDS.items():
        pages[f"{file}.md"] = page(title, *(_definition(type_) for type_ in types if _file(type_) == file))
    return pages


def _operation(name: str, field: GraphQLField) -> str:
    return _section(name, field.description, f"Answers {_typed(field)}.", _deprecation(field), _arguments(field))


def _definition(type_: GraphQLNamedType) -> str:
    match type_:
        case GraphQLObjectType() | GraphQLInterfaceType():
            body = table(("field", "type", "what it is"), (_field(*one) for one in type_.fields.items()))
        case GraphQLInputObjectType():
            body = table(("field", "type", "what it is"), (_given(*one) for one in type_.fields.items()))
        case GraphQLEnumType():
            rows = ((f"`{name}`", _described(value.description, value)) for name, value in type_.values.items())
            body = table(("value", "what it means"), rows)
        case GraphQLUnionType():
            body = f"One of {', '.join(_link(member) for member in type_.types)}."
        case GraphQLScalarType(specified_by_url=str(url)):
            body = f"Specified by <{url}>."
        case _:
            body = ""
    return _section(type_.name, type_.description, body)


def _section(name: str, description: str | None, *parts: str) -> str:
    return "\n\n".join(part for part in (f"## {name}", plain(description or ""), *parts) if part)


def _field(name: str, field: GraphQLField) -> Sequence[str]:
    arguments = "".join(
        f"<br>`{argument}`: {_typed(one)}{_default(one)}. {_described(one.description, one)}"
        for argument, one in field.args.items()
    )
    return f"`{name}`", _typed(field), _described(field.description, field) + arguments


def _given(name: str, field: GraphQLInputField) -> Sequence[str]:
    return f"`{name}`", _typed(field) + _default(field), _described(field.description, field)


def _arguments(field: GraphQLField) -> str:
    return table(("argument", "type", "what it is"), (_argument(*one) for one in field.args.items()))


def _argument(name: str, argument: GraphQLArgument) -> Sequence[str]:
    return f"`{name}`", _typed(argument) + _default(argument), _described(argument.description, argument)


def _described(description: str | None, of: object) -> str:
    return " ".join(part for part in (cell(description or ""), _deprecation(of)) if part)


def _deprecation(of: object) -> str:
    reason = getattr(of, "deprecation_reason", None)
    return f"**Deprecated**: {cell(reason)}" if reason else ""


def _default(given: GraphQLArgument | GraphQLInputField) -> str:
    node = given.ast_node.default_value if given.ast_node else None
    return f" = `{print_ast(node)}`" if node else ""


def _typed(of: GraphQLField | GraphQLArgument | GraphQLInputField) -> str:
    """Return the type as it is spelled in the schema, its name leading to where it is described."""
    named = get_named_type(of.type)
    before, _, after = str(of.type).partition(named.name)
    return before.replace("[", "\\[") + _link(named) + after.replace("]", "\\]")


def _link(type_: GraphQLNamedType) -> str:
    if type_.name in specified_scalar_types:
        return f"`{type_.name}`"
    return f"[`{type_.name}`]({_file(type_)}.md#{type_.name.lower()})"


def _file(type_: GraphQLNamedType) -> str:
    match type_:
        case GraphQLObjectType() | GraphQLInterfaceType():
            return "objects"
        case GraphQLInputObjectType():
            return "inputs"
        case GraphQLEnumType():
            return "enums"
        case _:
            return "scalars"
