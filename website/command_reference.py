"""The reference of settings and commands, from settings.py and click."""

import inspect
from collections.abc import Iterator, Sequence

import click
from website.markdown import cell, page, plain, table

from gappt_graphql.cli.common import spelled
from gappt_graphql.settings import Setting


def settings_page(settings: Sequence[Setting]) -> str:
    """Return the page of the settings, a section for each."""
    intro = (
        "Each setting is a variable of the environment, and a flag of `serve` and of the commands that it concerns. "
        "A flag wins over the environment, which wins over the default. `gappt-graphql settings` shows what holds."
    )
    return page("Settings", intro, *(_setting(setting) for setting in settings))


def _setting(setting: Setting) -> str:
    default = f"`{spelled(setting.default)}`" if setting.default is not None else "not set"
    rows = [(f"`{setting.flag}`", default, cell(setting.takes))]
    return f"## {setting.variable}\n\n{plain(setting.meaning)}.\n\n{table(('flag', 'default', 'takes'), rows)}"


def commands_page(group: click.Group, name: str) -> str:
    """Return the page of the commands, a section for each, those of groups among them."""
    context = click.Context(group, info_name=name)
    codes = "Exit codes, progress and JSON are the same for all: see [the command line](../cli.md)."
    return page("Commands", plain(_help(group)), codes, *_commands(group, context))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        yield _command(command, inner)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _command(command: click.Command, context: click.Context) -> str:
    path = context.command_path
    usage = (
        ""
        if isinstance(command, click.Group)
        else f"```\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```"
    )
    options = (
        (
            ", ".join(f"`{spelling}`" for spelling in (*one.opts, *one.secondary_opts)),
            _takes(one, context),
            cell(one.help or ""),
        )
        for one in command.get_params(context)
        if isinstance(one, click.Option) and "--help" not in one.opts
    )
    parts = [
        f"## {path.partition(' ')[2]}",
        usage,
        plain(_help(command)),
        table(("option", "takes", "what it does"), options),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part)


def _takes(option: click.Option, context: click.Context) -> str:
    if option.is_flag or option.count:
        return ""
    return cell(f"`{option.make_metavar(context)}`") + (", required" if option.required else "")


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "")
