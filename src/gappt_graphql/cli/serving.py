"""The command that serves."""

from __future__ import annotations

import asyncio
from importlib import import_module
from ipaddress import ip_address

import click

from gappt_graphql.cli.common import ALL_SETTINGS, Misused, chosen, setting_flags
from gappt_graphql.cli.loops import new_loop
from gappt_graphql.settings import Settings


@click.command()
@setting_flags(*ALL_SETTINGS)
@click.option(
    "--demo",
    "with_demo",
    is_flag=True,
    help="Serve the demo practice, to look around: fills an empty store, and prints a fresh key and a first query.",
)
def serve(with_demo: bool, **flags: str | None) -> None:
    """
    Serve the book over GraphQL until Ctrl-C.

    An embedded store is made where there is none, and brought up to date. No records are made, except by --demo,
    which serves this machine only.
    """
    settings = chosen(**flags)
    _check_that_one_process_serves(settings)
    _check_that_traces_can_be_written(settings)
    if with_demo and not _is_loopback(settings.host):
        raise Misused("--demo prints its key, so it serves this machine only: leave out --host, or give 127.0.0.1")
    from gappt_graphql.cli.server import run

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run(settings, with_demo=with_demo))


def _check_that_one_process_serves(settings: Settings) -> None:
    if settings.workers == 1:
        return
    if settings.database_url.startswith("sqlite:"):
        raise Misused(
            f"--workers {settings.workers} can't serve {settings.database_url}: an embedded store is written by one "
            "process only, since several that write and tidy one file at once can damage it; serve it with "
            "--workers 1, or keep the book in PostgreSQL (--database-url postgresql://...)"
        )
    raise Misused(
        f"--workers {settings.workers} would share one port: start so many times `serve`, each with a --port of its "
        "own, behind a proxy (docs/operations.md)"
    )


def _check_that_traces_can_be_written(settings: Settings) -> None:
    if not settings.federation_tracing:
        return
    try:
        import_module("google.protobuf")
    except ImportError:
        raise Misused(
            "--federation-tracing on needs a package that is not installed: "
            "pip install 'gappt-graphql[federation-tracing]'"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
