"""Runs of a sweep, where it is served alone and where it is one of several folders."""

from __future__ import annotations

import shutil

import pytest

PAGE = "<!DOCTYPE html><title>all runs</title>"


@pytest.fixture
def sweep(ended, begun):
    """Make a sweep of a run that has ended and of one in its midst, beside another run."""
    folder = ended.parent / "alphas"
    shutil.copytree(ended, folder / "seed-0")
    shutil.copytree(begun, folder / "seed-1")
    (folder / "sweep.toml").write_text("seeds = [0, 1]\n[settings]\nname = 'alphas'\n")
    (folder / "report.html").write_text(PAGE)
    return folder


def test_a_sweep_that_is_served_lists_its_runs_and_leads_to_the_page_of_all(get, sweep):
    answer, index = get(sweep, "/")
    assert answer.status == 200
    assert b'href="seed-0/"' in index
    assert b'href="seed-1/"' in index
    assert b'<a href="report.html">alphas</a>' in index
    answer, page = get(sweep, "/report.html")
    assert (answer.status, page.decode()) == (200, PAGE)
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert get(sweep, "/seed-0/state.json")[0].status == 200


def test_a_folder_of_runs_lists_those_of_its_sweeps_too(get, sweep):
    root = sweep.parent
    answer, index = get(root, "/")
    assert answer.status == 200
    for name in ("ended", "begun", "alphas%2Fseed-0", "alphas%2Fseed-1"):
        assert f'href="{name}/"'.encode() in index
    assert b'href="alphas/"' not in index
    assert b'<a href="alphas/report.html">alphas</a>' in index
    assert b"alphas/seed-0" in index
    answer, page = get(root, "/alphas/report.html")
    assert (answer.status, page.decode()) == (200, PAGE)
    answer, state = get(root, "/alphas%2Fseed-0/state.json")
    assert answer.status == 200
    assert b'"finished"' in state
    # The page's own links, which are those of the folder.
    answer, _ = get(root, "/alphas/seed-0/report.html")
    assert answer.status == 307
    assert answer.headers["Location"] == "/alphas%2Fseed-0/report.html"
    assert get(root, "/alphas%2Fseed-0/report.html")[0].status == 200
    assert get(root, "/alphas/")[0].headers["Location"] == "/alphas/report.html"
    answer, compared = get(root, "/compare?run=alphas%2Fseed-0&run=ended")
    assert answer.status == 200
    assert b"alphas/seed-0" in compared


@pytest.mark.parametrize(
    "path",
    [
        "/ended%2Fanml/",  # a run is no sweep
        "/ended%2Fanml/state.json",
        "/alphas%2F../state.json",
        "/alphas%2F..%2Fended/state.json",
        "/alphas%2Fseed-0%2Fanml/state.json",
        "/alphas%2F.hidden/state.json",
        "/alphas/../ended/state.json",
        "/alphas/link/",
        "/alphas/sweep.toml",
    ],
)
def test_nothing_else_of_a_sweep_is_there(get, sweep, path):
    (sweep / ".hidden").mkdir()
    (sweep / "link").symlink_to(sweep.parent / "ended")
    assert get(sweep.parent, path)[0].status == 404


@pytest.mark.parametrize(
    "asked",
    [
        "[settings.registry]\ndatabase = 'postgresql://me:hush@host/x'\n",
        "[settings]\nregistry = 7\n",
        "[",
        "",
    ],
)
def test_a_page_that_may_show_a_password_is_kept_back(get, sweep, asked):
    (sweep / "sweep.toml").write_text(asked)
    answer, said = get(sweep, "/report.html")
    assert answer.status == 403
    assert b"hush" not in said
