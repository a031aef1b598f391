"""The commands of the example: python -m practice_client COMMAND ..."""

import argparse
import asyncio
import sys
from datetime import UTC, date, datetime

from .book import book
from .follow import follow
from .generated import RepeatType
from .repeat import repeat
from .server import Refused, Unanswered, connect
from .week import week


def main() -> None:
    """Run one command."""
    asked = _parser().parse_args()
    try:
        asyncio.run(_run(asked))
    except (Refused, Unanswered) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


async def _run(asked: argparse.Namespace) -> None:
    async with connect() as client:
        match asked.command:
            case "week":
                await week(client, asked.business, asked.from_date)
            case "book":
                await book(client, asked.group, asked.patient, waitlist=asked.waitlist)
            case "repeat":
                await repeat(client, asked.group, RepeatType(asked.step), asked.times, save=asked.save)
            case "follow":
                await follow(client, asked.after)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="practice_client", description="A week, a booking, a series, and changes.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("week", help="Print a week of a business.")
    command.add_argument("business")
    command.add_argument("from_date", type=date.fromisoformat, nargs="?", default=datetime.now(UTC).date())
    command = commands.add_parser("book", help="Book a patient into a group.")
    command.add_argument("group")
    command.add_argument("patient")
    command.add_argument("--waitlist", action="store_true", help="Wait for a seat if none is free.")
    command = commands.add_parser("repeat", help="Show the series that a group would become.")
    command.add_argument("group")
    command.add_argument("step", choices=[step.value for step in RepeatType])
    command.add_argument("times", type=int)
    command.add_argument("--save", action="store_true", help="Make it, without the dates that have conflicts.")
    command = commands.add_parser("follow", help="Print changes as they happen.")
    command.add_argument("after", metavar="CURSOR", nargs="?", help="of the last change that was seen")
    return parser


if __name__ == "__main__":
    main()
