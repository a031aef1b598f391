"""Commands that show or prepare what the service stands on: its schema, its settings, its store."""

import click

from gappt_graphql.cli.common import ALL_SETTINGS, all_given, as_json, chosen, print_json, setting_flags, spelled


@click.command()
@setting_flags("directory")
def schema(directory: str | None) -> None:
    """Print the GraphQL schema, as it is served with these settings."""
    from gappt_graphql.graph.schema import sdl

    click.echo(sdl(directory=chosen(directory=directory).directory == "here"), nl=False)


@click.command()
@click.option("--role", metavar="NAME", help="Let this role of a PostgreSQL database serve it, and do no more.")
@as_json
@setting_flags("database_url")
def migrate(role: str | None, as_json: bool, database_url: str | None) -> None:
    """
    Bring the store up to date with this version.

    An embedded store is made where there is none, and refused while a server holds it. serve does the same by itself,
    in PostgreSQL if its role owns the tables or may make them.
    """
    from gappt_graphql.cli.opening import migrated, place_of

    url = chosen(database_url=database_url).database_url
    was_behind = migrated(url, role=role)
    if as_json:
        print_json({"database": place_of(url), "migrated": was_behind, "role": role})
        return
    click.echo(f"{place_of(url)} is up to date{'' if was_behind else ' already'}.")
    if role is not None:
        click.echo(f"The role {role} may serve it.")


@click.command()
@as_json
@setting_flags(*ALL_SETTINGS)
def settings(as_json: bool, **flags: str | None) -> None:
    """
    Show each setting, its value, and where that comes from.

    A flag of `serve` wins over the environment, which wins over the default. The flags are taken here too, to show
    what `serve` would do with them.
    """
    every = all_given(**flags)
    if as_json:
        shown = [
            {
                "name": one.setting.variable,
                "flag": one.setting.flag,
                "value": one.shown,
                "source": one.source,
                "default": one.setting.default,
                "meaning": one.setting.meaning,
            }
            for one in every
        ]
        print_json(shown)
        return
    for one in every:
        click.echo(f"{one.setting.variable} = {spelled(one.shown)}  (from: {one.source}; flag {one.setting.flag})")
        click.echo(f"    {one.setting.meaning}. Takes {one.setting.takes}.")
