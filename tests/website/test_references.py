"""The references that are made when the site is built leave nothing out."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    specified_scalar_types,
)
from website.pages import PROJECT, references

from gappt_graphql import rest
from gappt_graphql.cli import main
from gappt_graphql.settings import SETTINGS

PAGES = references()
SCHEMA = build_schema((PROJECT / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)
DESCRIPTION = yaml.safe_load((Path(rest.__file__).parent / "openapi.yaml").read_text(encoding="utf-8"))
ROOTS = {"queries": SCHEMA.query_type, "mutations": SCHEMA.mutation_type, "subscriptions": SCHEMA.subscription_type}
TYPES = [
    type_
    for name, type_ in SCHEMA.type_map.items()
    if type_ not in ROOTS.values() and not name.startswith("__") and name not in specified_scalar_types
]
OPERATIONS = [
    (method, path, operation) for path, methods in DESCRIPTION["paths"].items() for method, operation in methods.items()
]


def section(name: str, *pages: str) -> str:
    """Return what one of these pages has under a heading."""
    found = [
        part
        for page in pages or [page for page in PAGES if page.startswith("graphql/")]
        for part in re.split(r"^## ", PAGES[page], flags=re.MULTILINE)[1:]
        if part.partition("\n")[0] == name
    ]
    assert len(found) == 1, f"{name} stands {len(found)} times"
    return found[0]


def row(text: str, name: str) -> str:
    """Return the row of a table that is about this name."""
    rows = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"{name} has {len(rows)} rows"
    return rows[0]


def as_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_a_type_has_its_fields_arguments_and_values(type_: Any) -> None:
    text = section(type_.name)

    assert as_cell(type_.description or "") in as_cell(text)
    if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType):
        for name, field in type_.fields.items():
            line = row(text, name)
            assert f"`{get_named_type(field.type).name}`" in line
            assert as_cell(field.description or "") in line
            for argument, given in getattr(field, "args", {}).items():
                assert f"`{argument}`: " in line
                assert as_cell(given.description or "") in line
    if isinstance(type_, GraphQLEnumType):
        for name, value in type_.values.items():
            assert as_cell(value.description or "") in row(text, name)


@pytest.mark.parametrize(
    ("page", "name"), [(page, name) for page, root in ROOTS.items() if root for name in root.fields]
)
def test_an_operation_has_its_answer_and_its_arguments(page: str, name: str) -> None:
    root = ROOTS[page]
    assert root is not None
    field, text = root.fields[name], section(name, f"graphql/{page}.md")

    assert as_cell(field.description or "") in as_cell(text)
    assert f"Answers {'' if str(field.type)[0] != '[' else chr(92) + '['}[`{get_named_type(field.type).name}`]" in text
    for argument, given in field.args.items():
        assert as_cell(given.description or "") in row(text, argument)


def test_a_default_is_told() -> None:
    assert "= `1`" in row(section("RepeatRuleInput"), "repeatingInterval")


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_an_address_has_its_parameters_and_its_statuses(method: str, path: str, operation: Mapping[str, Any]) -> None:
    pages = [page for page in PAGES if page.startswith("rest/")]
    address = f"`{method.upper()} /v1{path}`\n"
    [text] = [part for page in pages for part in PAGES[page].split("\n## ")[1:] if address in part]

    assert text.startswith(operation["summary"])
    for parameter in map(followed, operation.get("parameters", ())):
        assert f"| {parameter['in']} |" in row(text, parameter["name"])
    for status, response in operation["responses"].items():
        response, line = followed(response), row(text, status)
        assert as_cell(response["description"]) in line
        assert all(f"`{header}`" in line for header in response.get("headers", {}))
    for name in re.findall(r"'#/components/schemas/(\w+)'", str(operation.get("requestBody", ""))):
        assert f"[`{name}`](shapes.md#{name.lower()})" in text


@pytest.mark.parametrize("name", DESCRIPTION["components"]["schemas"])
def test_a_shape_has_its_fields(name: str) -> None:
    schema, text = DESCRIPTION["components"]["schemas"][name], section(name, "rest/shapes.md")

    for field, one in schema.get("properties", {}).items():
        assert as_cell(one.get("description", "")) in row(text, field)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_has_its_flag_its_meaning_and_what_it_takes(setting: Any) -> None:
    text = section(setting.variable, "settings.md")

    assert setting.meaning in text
    assert as_cell(setting.takes) in row(text, setting.flag)


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


@pytest.mark.parametrize(("path", "command"), list(commands(main)), ids=lambda one: one if isinstance(one, str) else "")
def test_a_command_has_its_help_its_arguments_and_its_options(path: str, command: click.Command) -> None:
    text = section(path, "commands.md")

    assert as_cell(command.help or "") in as_cell(text)
    for one in command.params:
        if isinstance(one, click.Option):
            assert as_cell(one.help or "") in next(
                line for line in text.splitlines() if line.startswith(f"| `{one.opts[0]}`")
            )
        else:
            assert one.human_readable_name in text.partition("```\n\n")[0]


def followed(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target = DESCRIPTION
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node
