"""The REST reference, from openapi.yaml: a page for each tag, and one for the shapes of bodies."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from website.markdown import cell, page, plain, table

Node = Mapping[str, Any]
"""An object of the description."""


class _Reference:
    """Writes the pages of one description."""

    def __init__(self, description: Node) -> None:
        self.description = description

    def operations(self, tag: str) -> list[str]:
        of_tag = [
            (method.upper(), path, operation)
            for path, methods in self.description["paths"].items()
            for method, operation in methods.items()
            if tag in operation["tags"]
        ]
        named = Counter(operation["summary"] for _, _, operation in of_tag)
        return [
            self.operation(
                operation["summary"] + (f" by {method}" if named[operation["summary"]] > 1 else ""),
                f"{method} {self.description['servers'][0]['url']}{path}",
                operation,
            )
            for method, path, operation in of_tag
        ]

    def operation(self, name: str, address: str, operation: Node) -> str:
        parts = [
            f"## {name}",
            f"`{address}`",
            "**Deprecated.**" if operation.get("deprecated") else "",
            plain(operation.get("description", "")).strip(),
            table(
                ("parameter", "in", "takes", "what it is"),
                (self.parameter(self.follow(one)) for one in operation.get("parameters", ())),
            ),
            self.body(operation),
            table(
                ("status", "body", "headers", "when"),
                (self.response(status, self.follow(one)) for status, one in operation["responses"].items()),
            ),
        ]
        return "\n\n".join(part.strip("\n") for part in parts if part)

    def parameter(self, parameter: Node) -> Sequence[str]:
        what = cell(parameter.get("description", ""))
        if parameter.get("deprecated"):
            what = f"**Deprecated.** {what}"
        return f"`{parameter['name']}`", parameter["in"], self.shape(parameter["schema"]), what

    def body(self, operation: Node) -> str:
        if "requestBody" not in operation:
            return ""
        return f"Body: {self.content(self.follow(operation['requestBody']))}."

    def response(self, status: str, response: Node) -> Sequence[str]:
        headers = ", ".join(f"`{name}`" for name in response.get("headers", {}))
        return f"`{status}`", self.content(response), headers, cell(response["description"])

    def content(self, of: Node) -> str:
        return ", ".join(f"{self.shape(one['schema'])} as `{kind}`" for kind, one in of.get("content", {}).items())

    def follow(self, node: Node) -> Node:
        while "$ref" in node:
            target = self.description
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def shape(self, schema: Node) -> str:
        """Return in a few words what the schema takes; a schema with a name by its name."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return f"[`{name}`](shapes.md#{name.lower()})"
        if "anyOf" in schema or "oneOf" in schema:
            return " or ".join(self.shape(one) for one in schema.get("anyOf") or schema["oneOf"])
        if "allOf" in schema:
            return " and ".join(self.shape(one) for one in schema["allOf"])
        if "const" in schema:
            return f"`{spelled(schema['const'])}`"
        if "enum" in schema:
            return " or ".join(f"`{spelled(value)}`" for value in schema["enum"])
        kinds = schema.get("type", "anything")
        words = kinds if isinstance(kinds, str) else " or ".join(kinds)
        if "items" in schema:
            words += f" of {self.shape(schema['items'])}"
        if isinstance(schema.get("additionalProperties"), Mapping):
            words += f" of {self.shape(schema['additionalProperties'])}"
        return f"{words}{self.bounds(schema)}"

    def bounds(self, schema: Node) -> str:
        """Return what else the schema says of a value, in brackets."""
        words = ("format", "minimum", "maximum", "minLength", "maxLength", "pattern", "default")
        told = [f"{word} `{spelled(schema[word])}`".replace("|", "\\|") for word in words if word in schema]
        return f" ({', '.join(told)})" if told else ""

    def named(self, name: str, schema: Node) -> str:
        required = set(schema.get("required", ()))
        rows = (
            (f"`{field}`", self.shape(one), "always" if field in required else "", cell(self.described(one)))
            for field, one in schema.get("properties", {}).items()
        )
        body = table(("field", "type", "required", "what it is"), rows) or f"{self.shape(schema)}."
        return "\n\n".join(part for part in (f"## {name}", plain(schema.get("description", "")).strip(), body) if part)

    def described(self, schema: Node) -> str:
        return str(schema.get("description") or self.follow(schema).get("description", ""))


def rest_pages(description: Node) -> dict[str, str]:
    """Return each page's text by its file's name."""
    reference = _Reference(description)
    pages = {
        f"{tag['name'].lower().replace(' ', '-')}.md": page(
            tag["name"], plain(tag.get("description", "")), *reference.operations(tag["name"])
        )
        for tag in description["tags"]
    }
    schemas = description["components"]["schemas"]
    pages["shapes.md"] = page("Shapes", *(reference.named(name, schemas[name]) for name in sorted(schemas)))
    return pages


def spelled(value: object) -> str:
    """Return a value of the description as JSON has it; a text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value)
