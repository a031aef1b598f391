"""How long the service remembers an idempotency key, as its operator chose."""

from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from builders import Practice

CREATE = {"query": 'mutation { createPatient(input: {lastName: "Roe", idempotencyKey: "once"}) { patient { id } } }'}


@pytest.mark.parametrize(("hours", "settings"), [(24, {}), (2, {"idempotency_hours": 2})])
async def test_a_key_is_remembered_for_the_hours_of_the_setting(
    client_of: Callable[..., httpx2.AsyncClient], secret: str, practice: Practice, hours: int, settings: dict[str, int]
) -> None:
    ids = []
    async with client_of(**settings) as client:
        for later in (timedelta(0), timedelta(hours=hours), timedelta(seconds=1)):
            practice.now += later
            answer = await client.post("/graphql", json=CREATE, headers={"Authorization": f"Bearer {secret}"})
            ids.append(answer.json()["data"]["createPatient"]["patient"]["id"])

    assert ids[0] == ids[1] != ids[2]
