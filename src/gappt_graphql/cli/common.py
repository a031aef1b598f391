"""What the commands share: the flags of the settings, and errors that are one sentence."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from gappt_graphql.settings import SETTINGS, BadSetting, Given, Settings, Value, given, settings_of

F = TypeVar("F", bound=Callable[..., object])


class Failed(click.ClickException):
    """What was asked can't be done, in one sentence; exit code 1."""


class Misused(click.ClickException):
    """The command was called with something that it does not take, in one sentence; exit code 2."""

    exit_code = 2


def setting_flags(*names: str) -> Callable[[F], F]:
    """Give a command the flags of these settings. What `chosen` makes of them names what is wrong with a value."""

    def decorate(command: F) -> F:
        for setting in reversed(SETTINGS):
            if setting.name in names:
                meaning = f"{setting.meaning}.  [{setting.variable}; default: {spelled(setting.default)}]"
                metavar = setting.name.rpartition("_")[2].upper()
                command = click.option(setting.flag, setting.name, metavar=metavar, help=meaning)(command)
        return command

    return decorate


def spelled(value: Value) -> str:
    """Return a setting's value as it is written, or that there is none."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not set" if value is None else str(value)


ALL_SETTINGS = tuple(setting.name for setting in SETTINGS)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")

account_name = click.option("--account", "account_name", required=True, metavar="NAME", help="The account's name.")


def chosen(**flags: str | None) -> Settings:
    """
    Return the settings of this run.

    :raises Misused: if one has a value that it can't take
    """
    return settings_of(all_given(**flags))


def all_given(**flags: str | None) -> list[Given]:
    """
    Return the settings of this run and where each comes from.

    :raises Misused: if one has a value that it can't take
    """
    try:
        return given(flags, os.environ)
    except BadSetting as bad:
        raise Misused(str(bad)) from None


def print_json(value: object) -> None:
    """Print what a command has to tell as one JSON text on standard output; its shapes are in docs/cli.md."""
    click.echo(json.dumps(value, indent=2))


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a long command is, on a terminal only: the number done, out of how many."""
    shows = sys.stderr.isatty()
    last = -1

    def show(done: int, total: int) -> None:
        nonlocal last
        percent = done * 100 // total if total else 100
        if shows and percent != last:
            last = percent
            bar = "#" * (percent * 30 // 100)
            click.echo(f"\r{label} [{bar:<30}] {percent:3}%", nl=False, err=True)

    try:
        yield show
    finally:
        if last >= 0:
            click.echo(err=True)
