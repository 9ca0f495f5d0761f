"""What a reader who stays is told: each round, how the run stands, that it is still there."""

import json

import pytest

from server.page import app, events


@pytest.fixture
def listen(get):
    """Read a run's events: gives a function that gives the next one."""
    links = []

    def begin(folder, last="", path="events"):
        link = get.link(folder.parent)
        links.append(link)
        link.request(
            "GET", f"/{folder.name}/{path}", headers={"Last-Event-ID": last} if last else {}
        )
        answer = link.getresponse()
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")

        def next_event():
            lines = []
            while (line := answer.readline().decode().rstrip("\n")) or not lines:
                lines.append(line)
            return dict(line.split(": ", 1) for line in lines)

        next_event.close, next_event.read = link.close, answer.read
        return next_event

    yield begin
    for link in links:
        link.close()


def lines_of(begun):
    return (begun / "fedavg" / "rounds.jsonl").read_text().splitlines()


def test_a_round_appears_as_it_is_written(begun, listen):
    path = begun / "fedavg" / "rounds.jsonl"
    first, second = lines_of(begun)
    path.write_text(f"{first}\n")
    event = listen(begun)
    state = event()
    assert (state["event"], state["id"]) == ("state", "fedavg=1,anml=0")
    assert json.loads(state["data"])["words"] == "In round 2 of 3 under fedavg."

    with path.open("a") as file:
        file.write(f"{second}\n")

    told = event()
    assert (told["event"], told["id"]) == ("round", "fedavg=2,anml=0")
    assert json.loads(told["data"]) == {"strategy": "fedavg", "round": 2}
    state = event()
    assert json.loads(state["data"])["words"] == "In round 3 of 3 under fedavg."


def test_who_was_cut_off_goes_on_where_it_was(begun, listen):
    event = listen(begun, last="fedavg=1,anml=0")

    told = [event(), event()]

    assert [one["event"] for one in told] == ["round", "state"]
    assert told[0]["id"] == "fedavg=2,anml=0"


@pytest.mark.parametrize("last", ["fedavg=2,anml=0", "fedavg=99", "fedavg=2,x=7,,=,\u00fc"])
def test_who_had_all_is_told_how_it_stands(begun, listen, last):
    assert listen(begun, last=last.encode().decode("latin-1"))()["event"] == "state"


def test_a_file_that_is_begun_anew_is_told_anew(begun, listen):
    event = listen(begun)
    assert event()["id"] == "fedavg=2,anml=0"
    path = begun / "fedavg" / "rounds.jsonl"
    first = lines_of(begun)[0]

    path.write_text("")
    assert event()["id"] == "fedavg=0,anml=0"
    path.write_text(f"{first}\n")

    told = event()
    assert (told["event"], told["id"]) == ("round", "fedavg=1,anml=0")


def test_a_comment_says_that_the_server_is_there(begun, listen, monkeypatch):
    monkeypatch.setattr(events, "_COMMENT", 0.05)
    event = listen(begun)
    assert event()["event"] == "state"
    assert event() == {"": "nothing new"}


def test_a_run_that_is_starting_is_told_when_it_begins(begun, listen):
    later = begun.rename(begun.parent.parent / "later")
    event = listen(begun)
    assert json.loads(event()["data"])["state"] == "starting"

    later.rename(begun)

    while json.loads((told := event())["data"]).get("state") != "running":
        pass
    assert told["event"] in ("state", "round")


def test_one_reader_too_many_is_asked_to_come_again_until_one_leaves(
    get, begun, listen, monkeypatch
):
    monkeypatch.setattr(app, "MOST_READERS", 3)
    several = [listen(begun) for _ in range(3)]
    for event in several:
        event()

    answer, _ = get(begun.parent, "/begun/events")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "15")
    several[0].close()
    for _ in range(3000):
        if sum(run.readers for run in get.server(begun.parent).page._watched.values()) < 3:
            break
        get(begun.parent, "/health")
    assert listen(begun)()["event"] == "state"


def test_readers_are_let_go_when_the_server_ends(get, begun, listen):
    event = listen(begun)
    event()
    get.server(begun.parent).should_exit = True
    assert event.read() == b""
