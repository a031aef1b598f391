"""Loaders: what is asked for together is read together, and nobody's trouble is another's."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from asking import Client, CountingStore
from builders import Practice
from gappt_graphql.graph.loading import Loader


class Shelf:
    """Squares of numbers; no number above a hundred is on it, and 13 is bad luck."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.opened = asyncio.Event()
        self.opened.set()

    async def load(self, keys: Collection[int]) -> Mapping[int, int]:
        self.asked.append(list(keys))
        await self.opened.wait()
        if 13 in keys:
            raise RuntimeError("bad luck")
        return {key: key * key for key in keys if key <= 100}


async def test_keys_of_one_turn_are_one_question_and_asked_once() -> None:
    shelf = Shelf()
    loader = Loader(shelf.load)

    assert tuple(await asyncio.gather(loader.get(2), loader.load_many([3, 2]), loader.get(3))) == (4, [9, 4], 9)
    assert shelf.asked == [[2, 3]]


async def test_what_is_known_is_not_asked_again() -> None:
    shelf = Shelf()
    loader = Loader(shelf.load)
    await loader.get(2)

    assert loader.load(2) == 4
    assert await loader.load_many([2, 5]) == [4, 25]
    assert shelf.asked == [[2], [5]]


async def test_what_does_not_exist_is_none() -> None:
    assert await Loader(Shelf().load).load_many([101, 1]) == [None, 1]


async def test_a_key_under_way_is_not_asked_twice() -> None:
    shelf = Shelf()
    shelf.opened.clear()
    loader = Loader(shelf.load)
    first = asyncio.ensure_future(loader.get(2))
    await asyncio.sleep(0.01)
    second = asyncio.ensure_future(loader.load_many([2, 3]))
    await asyncio.sleep(0.01)
    shelf.opened.set()

    assert tuple(await asyncio.gather(first, second)) == (4, [4, 9])
    assert shelf.asked == [[2], [3]]


async def test_one_who_gives_up_waiting_leaves_the_others_their_batch() -> None:
    shelf = Shelf()
    shelf.opened.clear()
    loader = Loader(shelf.load)
    impatient, patient = asyncio.ensure_future(loader.get(2)), asyncio.ensure_future(loader.get(2))
    await asyncio.sleep(0.01)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    shelf.opened.set()

    assert await patient == 4


async def test_a_batch_that_fails_fails_for_all_who_wait_and_is_forgotten() -> None:
    shelf = Shelf()
    loader = Loader(shelf.load)
    unlucky, beside = await asyncio.gather(loader.get(13), loader.get(2), return_exceptions=True)

    assert isinstance(unlucky, RuntimeError)
    assert beside is unlucky
    assert await loader.get(2) == 4


async def test_a_field_that_fails_does_not_cancel_what_others_wait_for(client: Client, practice: Practice) -> None:
    """A cursor that is none fails its connection, beside one that reads the same practitioner."""
    group = await practice.group()
    query = """
        query ($id: ID!) {
          bad: groupAppointment(id: $id) { practitioner { groupAppointments(after: "!") { nodes { id } } } }
          good: groupAppointment(id: $id) { practitioner { label } business { name } }
        }
    """
    result = await client.send(query, id=str(group.id))

    assert result.data == {
        "bad": None,
        "good": {"practitioner": {"label": "Dr Robin Hale"}, "business": {"name": "North"}},
    }


async def test_a_mutation_forgets_what_was_read_before_it(client: Client, practice: Practice) -> None:
    group = await practice.group(notes="old")
    query = """
        mutation ($id: ID!) {
          first: updateGroupAppointment(input: {id: $id, notes: "new"}) { groupAppointment { notes version } }
          second: updateGroupAppointment(input: {id: $id, notes: "newer"}) { groupAppointment { notes version } }
        }
    """

    assert await client.ask(query, id=str(group.id)) == {
        "first": {"groupAppointment": {"notes": "new", "version": 2}},
        "second": {"groupAppointment": {"notes": "newer", "version": 3}},
    }


async def test_the_same_question_under_two_names_is_asked_once(counted: tuple[Client, CountingStore]) -> None:
    client, store = counted
    await client.ask("{ a: groupAppointments { nodes { id } } b: groupAppointments { nodes { id } } }")

    assert store.statements == 1
