"""Secret addresses of calendars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from gappt_graphql.cli.common import Failed, Misused, account_name, as_json, chosen, print_json, setting_flags

if TYPE_CHECKING:
    from gappt_graphql.practice.desk import Desk
    from gappt_graphql.scheduling.calendars import CalendarFeed
    from gappt_graphql.store import Store

_AN_ID = click.IntRange(min=1)


@click.group()
def calendar() -> None:
    """
    Make, list and revoke secret addresses of calendars.

    Each opens the calendar of one practitioner or one business to calendar programs, without a key
    (docs/guide/calendars.md).
    """


@calendar.command("create")
@account_name
@click.option("--practitioner", type=_AN_ID, metavar="ID", help="The practitioner whose calendar it is.")
@click.option("--business", type=_AN_ID, metavar="ID", help="The business whose calendar it is.")
@click.option("--at", "origin", default="", metavar="URL", help="Where the service is, such as https://HOST.")
@as_json
@setting_flags("database_url")
def create_calendar(
    account_name: str,
    practitioner: int | None,
    business: int | None,
    origin: str,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Make a secret address of a practitioner's or a business's calendar. It is shown now and never again."""
    if (practitioner is None) == (business is None):
        raise Misused("A calendar is of one practitioner or of one business: give --practitioner or --business")
    url = chosen(database_url=database_url).database_url
    id, path = asyncio.run(_create(account_name, practitioner, business, url))
    address = origin.rstrip("/") + path
    if as_json:
        print_json({"id": str(id), "address": address})
        return
    click.echo(address)
    if not origin:
        click.echo("Put the address of the service before it, such as https://HOST.", err=True)
    click.echo("Keep it: it is stored as a digest only, so this is the one time that it is shown.", err=True)


@calendar.command("list")
@account_name
@as_json
@setting_flags("database_url")
def list_calendars(account_name: str, as_json: bool, database_url: str | None) -> None:
    """List an account's secret addresses, oldest first, by their last four characters."""
    feeds = asyncio.run(_feeds(account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json([_as_json(each) for each in feeds])
        return
    for each in feeds:
        state = f"revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else "in use"
        click.echo(f"{each.id}  …{each.last_four}  of {_whose(each)}  since {each.created_at:%Y-%m-%d %H:%M}  {state}")
    if not feeds:
        click.echo("No calendars yet: `gappt-graphql calendar create` makes an address of one.")


@calendar.command("revoke")
@click.argument("id", type=_AN_ID)
@account_name
@as_json
@setting_flags("database_url")
def revoke_calendar(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Revoke the address with this ID (see `calendar list`). It stops working at once, also on a running server."""
    asyncio.run(_revoke(id, account_name, chosen(database_url=database_url).database_url))
    if as_json:
        print_json({"id": str(id)})
    else:
        click.echo(f"The calendar address {id} is revoked.")


def _whose(feed: CalendarFeed) -> str:
    of_practitioner = feed.practitioner_id is not None
    return f"practitioner {feed.practitioner_id}" if of_practitioner else f"business {feed.business_id}"


def _as_json(feed: CalendarFeed) -> dict[str, object]:
    return {
        "id": str(feed.id),
        "lastFour": feed.last_four,
        "practitionerId": feed.practitioner_id and str(feed.practitioner_id),
        "businessId": feed.business_id and str(feed.business_id),
        "createdAt": feed.created_at.isoformat(),
        "revokedAt": feed.revoked_at and feed.revoked_at.isoformat(),
    }


async def _create(account_name: str, practitioner: int | None, business: int | None, url: str) -> tuple[int, str]:
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import calendars
    from gappt_graphql.scheduling.ids import BusinessId, PractitionerId
    from gappt_graphql.scheduling.problems import Refused

    command = calendars.CreateCalendarFeed(
        practitioner_id=None if practitioner is None else PractitionerId(practitioner),
        business_id=None if business is None else BusinessId(business),
    )
    async with opened(url, create=False) as store:
        try:
            issued = await calendars.create(await _desk(store, account_name), command)
        except Refused as refused:
            raise Failed(" ".join(problem.message.rstrip(".") for problem in refused.problems)) from None
    assert issued.path is not None  # nothing without a key for retries was done before
    return issued.id, issued.path


async def _feeds(account_name: str, url: str) -> list[CalendarFeed]:
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import calendars

    async with opened(url, create=False) as store:
        return list(await calendars.feeds(await _desk(store, account_name)))


async def _revoke(id: int, account_name: str, url: str) -> None:
    from gappt_graphql.cli.opening import opened
    from gappt_graphql.practice import calendars
    from gappt_graphql.scheduling.ids import CalendarFeedId
    from gappt_graphql.scheduling.problems import Refused

    async with opened(url, create=False) as store:
        try:
            command = calendars.RevokeCalendarFeed(id=CalendarFeedId(id))
            await calendars.revoke(await _desk(store, account_name), command)
        except Refused:
            raise Failed(f"The account {account_name!r} has no calendar address with the id {id}") from None


async def _desk(store: Store, account_name: str) -> Desk:
    from gappt_graphql.cli.moment import new_ids, now
    from gappt_graphql.cli.opening import account_named
    from gappt_graphql.practice.desk import Desk

    account = await account_named(store, account_name)
    return Desk(store=store, account=account.id, now=now(), ids=new_ids(), request_id="command")
