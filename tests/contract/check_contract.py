"""
Report what clients of contract.graphql would lose with another schema.

Usage: check_contract.py SCHEMA_FILE   (needs graphql-core; exit status 1 when anything breaks)
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLSchema, build_schema, is_non_null_type
from graphql.utilities import DangerousChangeType, find_breaking_changes, find_dangerous_changes


def load(path: Path) -> GraphQLSchema:
    # A federated SDL uses directives that a plain build does not know: validity is not what is asked here.
    return build_schema(path.read_text(), assume_valid=True, assume_valid_sdl=True)


def losses(contract: GraphQLSchema, schema: GraphQLSchema) -> Iterator[str]:
    for change in find_breaking_changes(contract, schema):
        yield change.description
    for change in find_dangerous_changes(contract, schema):
        if change.type is DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE:
            yield change.description
    for name in ("Query", "Mutation"):
        kept, given = contract.type_map[name].fields, schema.type_map[name].fields
        for field in kept.keys() & given.keys():
            if is_non_null_type(given[field].type) and not is_non_null_type(kept[field].type):
                yield f"{name}.{field} must stay nullable."


def main() -> int:
    broken = sorted(losses(load(Path(__file__).with_name("contract.graphql")), load(Path(sys.argv[1]))))
    print(*broken, f"{len(broken)} breaking changes from the contract", sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
