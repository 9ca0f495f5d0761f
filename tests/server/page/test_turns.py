"""Who reads of a run at the same time takes turns, and nothing is made for who has left."""

import asyncio

import pytest

from server.page.app import Page
from server.page.snapshot import snapshot
from server.page.watching import LeftError, Watched
from server.page.weight_tables import TABLES, weight_table


async def stays():
    return False


async def leaves():
    return True


async def status_of(page, path, *, gone):
    """Ask as a server does; a reader who has gone says so when it is listened to."""
    sent = []
    said = {"type": "http.disconnect"} if gone else {"type": "http.request", "body": b""}

    async def receive():
        return said

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    await page({**scope, "query_string": b"", "headers": []}, receive, send)
    return sent[0]["status"]


def test_nothing_is_made_for_a_reader_who_has_left(ended):
    page = Page(ended.parent)
    for gone, status in ((True, 503), (False, 200)):
        path = "/ended/anml/rounds/2.json"
        assert asyncio.run(status_of(Page(ended.parent), path, gone=gone)) == status
    asked = []
    run = Watched(ended)
    with pytest.raises(LeftError):
        asyncio.run(run.answer("round", asked.append, leaves))
    assert asked == []
    assert asyncio.run(status_of(page, "/ended/state.json", gone=False)) == 200


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_all_rounds_keeps_nobody_waiting_for_its_end(ended, name):
    async def at_once():
        run = Watched(ended)
        table = asyncio.create_task(weight_table(run, "anml", name, stays))
        await asyncio.sleep(0)
        state = asyncio.create_task(
            run.answer("state", lambda following: snapshot(following, "ended").fields())
        )
        done, _ = await asyncio.wait({table, state}, return_when=asyncio.FIRST_COMPLETED)
        (await table).close()
        return done == {state}

    assert asyncio.run(at_once())


def test_no_table_is_made_for_a_reader_who_has_left(ended):
    with pytest.raises(LeftError):
        asyncio.run(weight_table(Watched(ended), "anml", "weights.csv", leaves))
