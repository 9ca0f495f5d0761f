"""How a run stands: starting, going on, failed, ended; and the index of all runs."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime

import pytest

from anml_fl.config import ConfigError
from server.orchestration.run_folder import hold
from server.report.page import write_report


def state(get, folder):
    return get.json(folder.parent, f"/{folder.name}/state.json")


def test_a_run_that_goes_on_says_which_round(get, begun):
    now = state(get, begun)

    assert (now["name"], now["state"], now["words"]) == (
        "begun",
        "running",
        "In round 3 of 3 under fedavg.",
    )
    assert (now["dataset"], now["engine"], now["rounds_of"], now["lead"]) == (
        "wine",
        "inline",
        3,
        "anml",
    )
    first, second = now["strategies"]
    last = json.loads((begun / "fedavg" / "rounds.jsonl").read_text().splitlines()[-1])
    assert first == {
        "name": "fedavg",
        "rounds": 2,
        "error": last["test_error"],
        "score": None,
        "excluded": 0,
        "state": "running",
        "attacker_weight": None,
    }
    assert (second["rounds"], second["error"], second["state"]) == (0, None, "waiting")
    # Who attacks is not told before the run's end.
    assert (now["known"], now["attackers"]) == (False, [])
    assert len(now["contributors"]) == 6
    assert now["ledger"] == {
        "entries": 0,
        "head": "",
        "verifies": None,
        "words": "Nothing is settled yet.",
    }


def test_a_run_whose_process_ended_says_so_and_when_its_last_line_came(get, stopped):
    now = state(get, stopped)

    last = datetime.fromtimestamp((stopped / "fedavg" / "rounds.jsonl").stat().st_mtime, UTC)
    said = (
        "Stopped in round 3 of 3 under fedavg: its process has ended, and it does not go on."
        f" Its last line came at {last:%Y-%m-%d %H:%M} UTC; with --resume the run is taken up"
        " again."
    )
    assert (now["state"], now["words"]) == ("stopped", said)
    assert [one["state"] for one in now["strategies"]] == ["stopped", "waiting"]
    assert said in get(stopped.parent, "/")[1].decode()


def test_a_run_that_is_held_or_has_no_lock_is_not_said_to_have_stopped(get, stopped):
    with hold(stopped):
        assert state(get, stopped)["state"] == "running"
        with pytest.raises(ConfigError), hold(stopped):  # whoever looks leaves the lock
            pass
    (stopped / ".lock").unlink()
    assert state(get, stopped)["state"] == "running"


def test_a_run_that_ended_says_what_its_summary_says(get, ended):
    now, summary = state(get, ended), json.loads((ended / "summary.json").read_text())

    assert (now["state"], now["words"], now["report"]) == ("finished", "Finished.", True)
    for one in now["strategies"]:
        of = summary["strategies"][one["name"]]
        assert one["error"] == of["test_error"]
        assert one["attacker_weight"] == of["attacker_weight"]
        assert (one["rounds"], one["state"]) == (3, "done")
    bad = [name for name, kind in summary["contributors"].items() if kind != "honest"]
    assert now["attackers"] == bad
    assert now["gate"] == {"tau_h": 0.35, "tau_c": 0.3}
    assert now["criterion"]["title"] == "test error"
    assert (ended / "ledger.jsonl").read_text().count("\n") == now["ledger"]["entries"]
    assert now["ledger"]["verifies"] is True


def test_where_nobody_simulates_there_are_no_attackers(get, ended):
    path = ended / "summary.json"
    summary = json.loads(path.read_text())
    summary["contributors"] = dict.fromkeys(summary["contributors"], "honest")
    path.write_text(json.dumps(summary))

    now = state(get, ended)
    assert (now["known"], now["attackers"]) == (False, [])
    assert [one["attacker_weight"] for one in now["strategies"]] == [None, None]
    assert b"attacker" not in get(ended.parent, "/compare?run=ended")[1]


def test_a_failed_run_says_why_and_hides_nothing_in_it(get, begun):
    (begun / "error.txt").write_text("ValueError: <script>alert(1)</script> \u202eevil\n")

    now = state(get, begun)

    assert now["state"] == "failed"
    assert now["words"] == (
        "Failed in round 3 of 3 under fedavg: ValueError: <script>alert(1)</script>"
        " \\u202eevil"
    )
    assert now["strategies"][0]["state"] == "failed"
    index = get(begun.parent, "/")[1].decode()
    assert "Failed in round 3 of 3 under fedavg: ValueError: &lt;script&gt;" in index
    assert "<script>" not in index
    assert "\u202e" not in index


def test_a_run_that_is_starting_says_so_before_there_is_anything(get, begun):
    """From a folder that is not there on, over an empty one, to the run."""
    saved = shutil.move(begun, begun.parent.parent / "saved")
    server = begun.parent
    for folder_is_there in (False, True):
        if folder_is_there:
            begun.mkdir()
        assert get(server, "/begun/")[0].status == 200
        assert state(get, begun)["state"] == "starting"
        assert get(server, "/begun/curves.json")[0].status == 200
        assert get(server, "/begun/files/config.toml")[0].status == 404
    (begun / ".submitting").touch()
    assert b"It is starting." in get(server, "/")[1]

    shutil.copytree(saved, begun, dirs_exist_ok=True)

    assert get.json(server, "/begun/state.json")["state"] in ("starting", "running")
    wait = 0
    while get.json(server, "/begun/state.json")["state"] == "starting":
        wait += 1
        assert wait < 10_000
    assert state(get, begun)["words"] == "In round 3 of 3 under fedavg."


def test_one_run_that_is_named_before_it_is_there_gets_its_page_when_it_is(get, begun):
    later = begun.with_name("later")
    answer, content = get(later, "/")
    assert (answer.status, b"No run has begun yet" in content) == (200, True)
    assert b'http-equiv="refresh"' in content

    shutil.copytree(begun, later)

    answer, _ = get(later, "/")
    assert (answer.status, answer.headers["Location"]) == (307, "/later/")
    with hold(later):
        assert get.json(later, "/later/state.json")["state"] == "running"
    assert get(later, "/begun/state.json")[0].status == 404


def test_report_of_an_earlier_run_is_not_offered_while_one_goes_on(get, begun):
    (begun / "report.html").write_text("old")

    assert state(get, begun)["report"] is False


def test_a_line_that_is_being_written_does_not_disturb(get, begun):
    with (begun / "fedavg" / "rounds.jsonl").open("a") as file:
        file.write('{"round":3,"half')

    assert state(get, begun)["words"] == "In round 3 of 3 under fedavg."
    assert b"In round 3 of 3 under fedavg." in get(begun.parent, "/")[1]


def test_last_round_is_found_behind_a_long_line(get, begun):
    path = begun / "fedavg" / "rounds.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{second[:-1]}{' ' * 300_000}}}\n")

    assert b"In round 3 of 3 under fedavg." in get(begun.parent, "/")[1]
    assert state(get, begun)["words"] == "In round 3 of 3 under fedavg."


def test_settings_that_cannot_be_read_are_told(get, begun):
    (begun / "config.toml").write_text("rounds = <b>")

    now = state(get, begun)

    assert now["state"] == "failed"
    assert now["words"].startswith("config.toml cannot be read: ")
    content = get(begun.parent, "/")[1]
    assert b"config.toml cannot be read" in content
    assert b"<b>" not in content


def test_index_lists_runs_the_last_first_with_what_they_are(get, ended, begun):
    os.utime(ended / "config.toml", (1, 1))

    text = get(ended.parent, "/")[1].decode()

    assert text.index('<a href="begun/">begun</a>') < text.index('<a href="ended/">ended</a>')
    for shown in ("In round 3 of 3 under fedavg.", "Finished.", "wine", "1970-01-01 00:00"):
        assert shown in text
    assert "fedavg, anml" in text
    error = json.loads((ended / "summary.json").read_text())["strategies"]["anml"][
        "test_error"
    ]
    assert f"{100 * error:.1f} % test error, anml" in text


def test_index_of_nothing_says_so(get, tmp_path):
    for folder in (tmp_path, tmp_path / "later"):
        answer, content = get(folder)
        assert answer.status == 200
        assert b"0 runs." in content


def test_ticked_runs_are_set_side_by_side(get, ended, begun):
    text = get(ended.parent, "/compare?run=ended&run=begun&run=nobody&run=..")[1].decode()

    assert "2 runs side by side." in text
    assert "2 of those that were ticked are not shown." in text
    summary = json.loads((ended / "summary.json").read_text())
    for name, of in summary["strategies"].items():
        cells = text[text.index(f'<td class="text">{name}</td>') :].partition("</tr>")[0]
        assert f">{100 * of['test_error']:.1f} %<" in cells
        assert f">{100 * of['attacker_weight']:.1f} %<" in cells


def test_run_without_a_slash_is_led_to_its_page(get, ended):
    answer, _ = get(ended.parent, "/ended")

    assert answer.status == 301
    assert answer.headers["Location"] == "/ended/"


def test_report_that_is_missing_beside_a_summary_does_not_break_the_page(get, ended):
    (ended / "report.html").unlink()
    assert state(get, ended)["report"] is False
    assert get(ended.parent, "/ended/report.html")[0].status == 404

    write_report(ended)
    assert b"plotly" in get(ended.parent, "/ended/report.html")[1]
