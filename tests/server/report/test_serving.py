"""The page over HTTP: what is served, and that everything else is refused."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest

from anml_fl.plugins import RULES
from anml_fl.run.files import CONFIG, LEDGER, MANIFEST, PUBLIC_KEY, ROUNDS, SUMMARY
from server.report.serving import SERVED

OFFERED = ["summary.json", "manifest.json", "config.toml", "ledger.jsonl", "ledger.pub"]


def test_names_are_those_that_a_run_writes():
    strategies = [f"{name}/{ROUNDS}" for name in RULES.names]

    assert set(SERVED) == {*strategies, CONFIG, SUMMARY, MANIFEST, LEDGER, PUBLIC_KEY}


def test_server_is_small(tmp_path):
    """It needs none of what a run needs, and starts at once."""
    script = (
        "import sys, server.report.serving; print({'torch', 'flwr', 'numpy'} & {*sys.modules})"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", [*OFFERED, "anml/rounds.jsonl", "fedavg/rounds.jsonl"])
def test_files_of_the_allow_list_are_served_whole(get, ended, name):
    answer, content = get(ended, f"/{name}")

    assert answer.status == 200
    assert content == (ended / name).read_bytes()
    assert answer.headers["Content-Type"] == SERVED[name]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("nnm+krum", 200),
        ("lab.rules:mine", 200),
        ("lab.pre:mine+lab.rules:mine", 200),
        ("nnm", 404),
        ("nmm+krum", 404),
        ("..+krum", 404),
    ],
)
def test_rounds_of_a_chain_or_of_ones_own_rule_are_served(get, ended, name, status):
    (ended / name).mkdir()
    (ended / name / ROUNDS).write_text("{}")
    assert get(ended, f"/{name}/{ROUNDS}")[0].status == status


def test_report_is_the_page_of_a_run_that_ended(get, ended):
    answer, content = get(ended)

    assert content == (ended / "report.html").read_bytes()
    assert answer.headers["Content-Type"].startswith("text/html")
    # Its own policy names its scripts; this one must let them run, and nothing be fetched.
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'unsafe-inline'" in policy


def test_every_other_file_of_a_run_is_refused(get, ended):
    offered = {*SERVED, "report.html"}
    (ended / "anml" / "checkpoint.safetensors").write_bytes(b"x")
    (ended / "ledger.key").write_text("x")
    others = [
        str(path.relative_to(ended))
        for path in ended.rglob("*")
        if path.is_file() and str(path.relative_to(ended)) not in offered
    ]
    assert "anml/model.safetensors" in others
    assert "anml/updates/0001.safetensors" in others

    for name in [*others, "anml", "anml/", "report.html/", "SUMMARY.JSON"]:
        assert get(ended, f"/{name}")[0].status == 404, name


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/anml/../../secret",
        "//secret",
        "/summary.json/../../secret",
        "/./summary.json",
        "/summary.json%00.html",
        "/anml\\..\\secret",
        "/summary%2ejson",
    ],
)
def test_no_path_leads_out_of_the_folder(get, ended, path):
    (ended.parent / "secret").write_text("secret")

    answer, content = get(ended, path)

    assert answer.status == 404
    assert b"secret" not in content


@pytest.mark.parametrize("name", ["../ended", "..", ".", "%2e%2e", "link", ".hidden", "plain"])
def test_a_folder_of_runs_serves_its_runs_only(get, ended, tmp_path, name):
    runs = ended.parent
    outside = tmp_path / "outside"
    outside.mkdir()
    (runs / "link").symlink_to(outside)
    for folder in (runs, outside, runs / ".hidden", runs / "plain"):
        folder.mkdir(exist_ok=True)
        (folder / "summary.json").write_text("{}")
    (outside / "config.toml").write_text("")
    (runs / ".hidden" / "config.toml").write_text("")

    assert get(runs, f"/{name}/summary.json")[0].status == 404
    assert get(runs, "/summary.json")[0].status == 404
    assert get(runs, "/ended/summary.json")[0].status == 200


@pytest.mark.parametrize(
    "name", ["my run", "Zürich", "100%", "a#b", "a?b", "a:b", "<i>'\"&", "\udcfc"]
)
def test_a_run_of_any_name_is_listed_and_its_link_leads_to_it(get, ended, tmp_path, name):
    ended.rename(ended.with_name(name))
    _, index = get(tmp_path / "runs", "/")
    found = HTMLParser()
    links = []
    found.handle_starttag = lambda tag, has: links.extend(v for k, v in has if k == "href")
    found.feed(index.decode())
    (link,) = [one for one in links if not one.startswith("data:")]
    # As a browser resolves it.
    path = urljoin("http://host/", link).removeprefix("http://host")
    assert get(tmp_path / "runs", path)[0].status == 200
    assert (
        get(tmp_path / "runs", path + "summary.json")[1]
        == (tmp_path / "runs" / name / "summary.json").read_bytes()
    )
    answer, _ = get(tmp_path / "runs", path.removesuffix("/"))
    assert (answer.status, answer.headers["Location"]) == (301, path)
    assert get(tmp_path / "runs", path + "..%2f")[0].status == 404


def test_links_and_pipes_in_a_runs_folder_are_not_followed(get, ended, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (ended / "ledger.pub").unlink()
    (ended / "ledger.pub").symlink_to(tmp_path / "secret")
    (ended / "manifest.json").unlink()
    os.mkfifo(ended / "manifest.json")
    (tmp_path / "krum").mkdir()
    (tmp_path / "krum" / "rounds.jsonl").write_text("secret")
    (ended / "krum").symlink_to(tmp_path / "krum")

    for name in ("ledger.pub", "manifest.json", "krum/rounds.jsonl"):
        assert get(ended, f"/{name}")[0].status == 404, name


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_allowed(get, ended, method):
    before = sorted(ended.rglob("*"))

    answer, _ = get(ended, "/summary.json", method, body=b"")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert sorted(ended.rglob("*")) == before


def test_head_tells_the_length_without_the_content(get, ended):
    for path in ("/", "/summary.json", "/health"):
        answer, content = get(ended, path, "HEAD")
        assert answer.status == 200
        assert content == b""
        assert int(answer.headers["Content-Length"]) == len(get(ended, path)[1])


@pytest.mark.parametrize("path", ["/", "/health", "/summary.json", "/nothing"])
def test_every_answer_has_the_security_headers(get, ended, path):
    headers = get(ended, path)[0].headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Python" not in headers["Server"]


def test_health_answers_where_there_is_no_run_yet(get, tmp_path):
    answer, content = get(tmp_path / "later", "/health")

    assert (answer.status, content) == (200, b"ok\n")


@pytest.mark.parametrize("run", ["ended", "begun"])
def test_settings_of_old_that_hold_a_password_are_not_served(get, request, run):
    folder = request.getfixturevalue(run)
    url = "postgresql://u@h/d?sslpassword=hunter2"
    settings = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(
        settings.replace('database = ""', f'database = "{url}"')
    )
    if run == "ended":
        (folder / "report.html").write_text(f"<pre>{url}</pre>")

    answers = {path: get(folder, path) for path in ("/", "/config.toml", "/summary.json")}

    assert answers["/config.toml"][0].status == 403
    assert answers["/"][0].status == (403 if run == "ended" else 200)
    assert not any(b"hunter2" in content for _, content in answers.values())
    # Nothing else is in the way of what others may check.
    assert answers["/summary.json"][0].status == (200 if run == "ended" else 404)


def test_command_serves_and_ends_when_asked_to(ended):
    process = subprocess.Popen(
        [Path(sys.executable).with_name("anml"), "page", ended, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        where = process.stdout.readline().strip()
        link = http.client.HTTPConnection(
            where.removeprefix("http://").rstrip("/"), timeout=300
        )
        link.request("GET", "/summary.json")
        assert link.getresponse().status == 200
        link.close()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()

    assert process.returncode == 0
    assert said == ""


def test_command_says_what_is_wrong_with_a_port_that_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = subprocess.run(
            [Path(sys.executable).with_name("anml"), "page", tmp_path, "--port", port],
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in done.stderr
