"""Who is measured, and how each is started."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
OURS = "gappt-graphql"
STORES = ("sqlite", "postgres")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server to start: `{port}` in its command and `{url}` in its environment are filled in."""

    name: str
    store: str
    kind: Literal["ours", "node", "python", "limit"]
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    operations: str = "default"
    is_usual: bool = True

    @property
    def key(self) -> str:
        return f"{self.name}-{self.store}"

    @property
    def is_peer(self) -> bool:
        """Tell whether it is a GraphQL server that somebody could pick instead."""
        return self.kind in ("node", "python")


def targets(product: Path, node: Path) -> list[Target]:
    """Return all, those that are measured unless something else is asked for first."""
    found = []
    for store in STORES:
        found += [
            Target(
                name=OURS,
                store=store,
                kind="ours",
                command=(str(product), "serve", "--database-url", "{url}", "--port", "{port}"),
                operations="ours",
            ),
            _node(node, "yoga-jit", store, "yoga"),
            _node(node, "mercurius-jit", store, "mercurius"),
            _node(node, "apollo", store, "apollo"),
            _python("strawberry", store, "strawberry_app"),
            _python("limit", store, "limit_app", kind="limit"),
            _python("strawberry-tuned", store, "strawberry_app", is_usual=False, TUNED="1"),
            _python("limit-json-in-database", store, "limit_app", kind="limit", is_usual=False, DBJSON="1"),
        ]
    found.append(_node(node, "postgraphile", "postgres", "postgraphile", operations="postgraphile", is_usual=False))
    return found


def _node(node: Path, name: str, store: str, script: str, operations: str = "default", is_usual: bool = True) -> Target:
    return Target(
        name=name,
        store=store,
        kind="node",
        command=(str(node), f"node/{script}.js"),
        environment={"DB_URL": "{url}", "PORT": "{port}", "NODE_ENV": "production", "GRAPHILE_ENV": "production"},
        operations=operations,
        is_usual=is_usual,
    )


def _python(
    name: str, store: str, app: str, kind: Literal["python", "limit"] = "python", is_usual: bool = True, **settings: str
) -> Target:
    server = ("-m", "uvicorn", "--app-dir", "python", f"{app}:app", "--loop", "uvloop", "--http", "httptools")
    return Target(
        name=name,
        store=store,
        kind=kind,
        command=(sys.executable, *server, "--no-access-log", "--log-level", "warning", "--port", "{port}"),
        environment={"DB_URL": "{url}", **settings},
        is_usual=is_usual,
    )
