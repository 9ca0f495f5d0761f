"""The page over HTTP tells how a run stands: going on, failed, ended; and lists all runs."""

from __future__ import annotations

import os

from server.report.page import write_report


def test_page_of_a_run_that_goes_on_names_the_round_and_refreshes(get, begun):
    answer, content = get(begun)

    text = content.decode()
    assert answer.status == 200
    assert "In round 3 of 3 under fedavg." in text
    assert "2 of 3" in text
    assert '<meta http-equiv="refresh"' in text
    assert "The last round ended" in text
    assert "script-src" not in answer.headers["Content-Security-Policy"]


def test_report_of_an_earlier_run_is_not_the_page_of_one_that_goes_on(get, begun):
    (begun / "report.html").write_text("old")

    assert b"old" not in get(begun)[1]


def test_page_of_a_failed_run_says_why_and_escapes_it(get, begun):
    (begun / "error.txt").write_text("ValueError: <script>alert(1)</script> \u202eevil\n")

    text = get(begun)[1].decode()

    assert "Failed in round 3 of 3 under fedavg: ValueError: &lt;script&gt;" in text
    assert "<script>" not in text
    assert "\u202e" not in text


def test_a_line_that_is_being_written_does_not_disturb(get, begun):
    with (begun / "fedavg" / "rounds.jsonl").open("a") as file:
        file.write('{"round":3,"half')

    assert b"In round 3 of 3 under fedavg." in get(begun)[1]


def test_last_round_is_found_behind_a_long_line(get, begun):
    path = begun / "fedavg" / "rounds.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{second[:-1]}{' ' * 300_000}}}\n")

    assert b"In round 3 of 3 under fedavg." in get(begun)[1]


def test_settings_that_cannot_be_read_are_told(get, begun):
    (begun / "config.toml").write_text("rounds = <b>")

    answer, content = get(begun)

    assert answer.status == 200
    assert b"config.toml cannot be read" in content
    assert b"<b>" not in content


def test_index_lists_runs_the_last_first_with_their_state(get, ended, begun):
    os.utime(ended / "config.toml", (1, 1))

    text = get(ended.parent)[1].decode()

    assert text.index('<a href="begun/">begun</a>') < text.index('<a href="ended/">ended</a>')
    assert "In round 3 of 3 under fedavg." in text
    assert "Finished." in text


def test_index_of_nothing_says_so(get, tmp_path):
    for folder in (tmp_path, tmp_path / "later"):
        answer, content = get(folder)
        assert answer.status == 200
        assert b"0 runs." in content


def test_run_without_a_slash_is_led_to_its_page(get, ended):
    answer, _ = get(ended.parent, "/ended")

    assert answer.status == 301
    assert answer.headers["Location"] == "/ended/"
    assert get(ended.parent, "/ended/")[1] == (ended / "report.html").read_bytes()


def test_report_that_is_missing_beside_a_summary_does_not_break_the_page(get, ended):
    (ended / "report.html").unlink()
    assert b"its report is being written" in get(ended)[1]

    write_report(ended)
    assert b"plotly" in get(ended)[1]
