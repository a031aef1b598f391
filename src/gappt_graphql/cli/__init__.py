"""The command `gappt-graphql`. Its modules import what is heavy only when a command runs."""

import click

from gappt_graphql import __version__
from gappt_graphql.cli.accounts import account, key
from gappt_graphql.cli.audit import audit
from gappt_graphql.cli.backups import backup, restore
from gappt_graphql.cli.calendars import calendar
from gappt_graphql.cli.copying import copy
from gappt_graphql.cli.inspecting import migrate, schema, settings
from gappt_graphql.cli.records import demo, export, import_
from gappt_graphql.cli.serving import serve
from gappt_graphql.cli.webhooks import webhook


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gappt-graphql")
def main() -> None:
    """
    Group appointments for healthcare practices, as a GraphQL service.

    To look around, use serve --demo. For a practice of your own, key create makes an account with its first API
    key, and serve serves it. Settings can be flags or environment variables: see settings.
    """


_COMMANDS = (
    *(serve, migrate, account, key, calendar, webhook, audit, backup, restore),
    *(copy, schema, demo, import_, export, settings),
)
for command in _COMMANDS:
    main.add_command(command)
