"""The page over HTTP: what is served, and that everything else is refused."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest

from anml_fl.run.files import CONFIG, LEDGER, MANIFEST, PUBLIC_KEY, REPORT, ROUNDS, SUMMARY
from server.page.downloads import FILES, OF_A_STRATEGY

OFFERED = ["summary.json", "manifest.json", "config.toml", "ledger.jsonl", "ledger.pub"]
ANML = [Path(sys.executable).with_name("anml"), "page"]


def links_of(page):
    found, links = HTMLParser(), []
    found.handle_starttag = lambda tag, has: links.extend(v for k, v in has if k == "href")
    found.feed(page.decode())
    return [one for one in links if not one.startswith("data:")]


def test_names_are_those_that_a_run_writes():
    assert {*FILES, *OF_A_STRATEGY} == {
        CONFIG, SUMMARY, MANIFEST, LEDGER, PUBLIC_KEY, REPORT, ROUNDS,
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [*(one for one in OFFERED if one != CONFIG), "anml/rounds.jsonl", "fedavg/rounds.jsonl"],
)
def test_files_of_the_allow_list_are_downloads(get, ended, name):
    answer, content = get(ended.parent, f"/ended/files/{name}")

    assert answer.status == 200
    assert content == (ended / name).read_bytes()
    kinds = FILES | OF_A_STRATEGY
    assert answer.headers["Content-Type"] == kinds[name.rpartition("/")[2]]
    saved = name.replace("/", "-")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{saved}"'


def test_settings_that_are_served_say_no_path_of_this_machine(get, ended):
    path = ended / CONFIG
    own = path.read_text()
    answer, content = get(ended.parent, "/ended/files/config.toml")
    assert answer.headers["Content-Type"] == FILES[CONFIG]
    first, second, told = content.decode().split("\n", 2)
    assert (first[:2], second[:2]) == ("# ", "# ")
    assert "this is no copy of it" in second
    # Where there is no path, it is the file.
    assert tomllib.loads(told) == tomllib.loads(own)

    where = str(ended.parent)
    path.write_text(own.replace('\ndata = ""', f'\ndata = "{where}/rows.csv"', 1))
    assert where in path.read_text()
    content = get(ended.parent, "/ended/files/config.toml")[1].decode()
    assert where not in content
    assert tomllib.loads(content)["table"]["data"] == "rows.csv"
    assert where in path.read_text()  # the run's own stays what the ledger stands for


@pytest.mark.parametrize(
    ("name", "status"),
    [("nnm+krum", 200), ("lab.rules:mine", 200), ("nnm", 404), ("..+krum", 404)],
)
def test_rounds_of_a_chain_or_of_ones_own_rule_are_served(get, ended, name, status):
    settings = (ended / "config.toml").read_text()
    named = '["nnm+krum", "lab.rules:mine", "..+krum", "anml"]'
    assert '"fedavg",' in settings
    begin, end = settings.index("strategies = ["), settings.index("]", settings.index("strat"))
    (ended / "config.toml").write_text(
        settings[:begin] + f"strategies = {named}" + settings[end + 1 :]
    )
    (ended / name).mkdir()
    (ended / name / ROUNDS).write_text("{}")

    assert get(ended.parent, f"/ended/files/{name}/{ROUNDS}")[0].status == status


def test_report_runs_what_it_names_by_hash_and_is_set_apart(get, ended):
    answer, content = get(ended.parent, "/ended/report.html")

    assert content == (ended / "report.html").read_bytes()
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"]
    scripts = policy.partition("script-src")[2].partition(";")[0].split()
    assert len(scripts) == 2
    assert all(one.startswith("'sha256-") and one[1:-1] in content.decode() for one in scripts)
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy


def test_a_forged_report_runs_nothing(get, ended):
    (ended / "report.html").write_text("<script>fetch('state.json')</script>")

    policy = get(ended.parent, "/ended/report.html")[0].headers["Content-Security-Policy"]

    assert "script-src 'none'" in policy


def test_every_other_file_of_a_run_is_refused(get, ended):
    offered = {*OFFERED, "report.html", "anml/rounds.jsonl", "fedavg/rounds.jsonl"}
    (ended / "anml" / "checkpoint.safetensors").write_bytes(b"x")
    (ended / "ledger.key").write_text("x")
    (ended / "server.seed").write_text("x")
    (ended / "error.txt").write_text("x")
    others = [
        str(path.relative_to(ended))
        for path in ended.rglob("*")
        if path.is_file() and str(path.relative_to(ended)) not in offered
    ]
    assert "anml/model.safetensors" in others
    assert "anml/updates/0001.safetensors" in others

    for name in [*others, "anml", "anml/", "report.html/", "SUMMARY.JSON", ""]:
        assert get(ended.parent, f"/ended/files/{name}")[0].status == 404, name
        if name:
            assert get(ended.parent, f"/ended/{name}")[0].status == 404, name


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/ended/../../secret",
        "//secret",
        "/ended/files/summary.json/../../secret",
        "/ended/files/..%2f..%2fsecret",
        "/ended/files/./summary.json",
        "/ended/files/summary.json%00.html",
        "/ended/files/anml\\..\\secret",
        "/ended/..%2f..%2fsecret/rounds/1.json",
    ],
)
def test_no_path_leads_out_of_the_folder(get, ended, path):
    (ended.parent.parent / "secret").write_text("secret")
    (ended.parent / "secret").write_text("secret")

    answer, content = get(ended.parent, path)

    assert answer.status == 404
    assert b"secret" not in content


@pytest.mark.parametrize("name", ["..", ".", "%2e%2e", "link", ".hidden", "plain"])
def test_a_folder_of_runs_serves_its_runs_only(get, ended, tmp_path, name):
    runs, outside = ended.parent, tmp_path / "outside"
    outside.mkdir()
    (runs / "link").symlink_to(outside)
    for folder in (outside, runs / ".hidden", runs / "plain"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.json").write_text("{}")
    (outside / "config.toml").write_text("")
    (runs / ".hidden" / "config.toml").write_text("")

    assert get(runs, f"/{name}/files/secret.json")[0].status == 404
    assert get(runs, f"/{name}/files/config.toml")[0].status == 404
    assert get(runs, "/ended/files/summary.json")[0].status == 200


@pytest.mark.parametrize(
    "name",
    ["my run", "Zürich", "100%", "a%41", "a#b", "a?b", "a:b", "<i>'\"&", "a\nb", "\udcfc",
     "health", "static", "compare"],
)  # fmt: skip
def test_a_run_of_any_name_is_listed_and_its_link_leads_to_it(get, ended, name):
    ended.rename(ended.with_name(name))
    (link,) = links_of(get(ended.parent, "/")[1])
    # As a browser resolves it.
    path = urljoin("http://host/", link).removeprefix("http://host")

    assert get(ended.parent, path)[0].status == 200
    assert get(ended.parent, path + "state.json")[0].status == 200
    assert (
        get(ended.parent, path + "files/summary.json")[1]
        == (ended.with_name(name) / "summary.json").read_bytes()
    )
    assert get(ended.parent, path + "..%2f")[0].status == 404
    if name not in ("health", "compare"):
        answer, _ = get(ended.parent, path.removesuffix("/"))
        assert (answer.status, answer.headers["Location"]) == (301, path)


def test_links_and_pipes_in_a_runs_folder_are_not_followed(get, begun, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (begun / "error.txt").symlink_to(tmp_path / "secret")
    (begun / "ledger.pub").symlink_to(tmp_path / "secret")
    (begun / "manifest.json").unlink()
    os.mkfifo(begun / "manifest.json")
    (tmp_path / "anml").mkdir()
    (tmp_path / "anml" / "rounds.jsonl").write_text("secret")
    (begun / "anml").rename(begun / "other")
    (begun / "anml").symlink_to(tmp_path / "anml")

    for name in ("ledger.pub", "manifest.json", "anml/rounds.jsonl"):
        assert get(begun.parent, f"/begun/files/{name}")[0].status == 404, name
    for path in ("/", "/begun/state.json"):
        assert b"secret" not in get(begun.parent, path)[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_allowed(get, ended, method):
    before = sorted(ended.rglob("*"))

    answer, _ = get(ended.parent, "/ended/files/summary.json", method, body=b"")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert sorted(ended.rglob("*")) == before


def test_head_tells_the_length_without_the_content(get, ended):
    paths = ("", "/files/summary.json", "/state.json", "/report.html", "/anml/rounds/1.json")
    for path in ("/", "/health", *(f"/ended{one or '/'}" for one in paths)):
        answer, content = get(ended.parent, path, "HEAD")
        assert answer.status == 200
        assert content == b""
        assert int(answer.headers["Content-Length"]) == len(get(ended.parent, path)[1])


@pytest.mark.parametrize(
    "path",
    ["/", "/health", "/ended/", "/ended/state.json", "/ended/report.html", "/nothing/x"],
)
def test_every_answer_has_the_security_headers(get, ended, path):
    headers = get(ended.parent, path)[0].headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert "Server" not in headers


def test_scripts_and_styles_of_the_live_page_are_those_that_its_policy_allows(get, ended):
    import re
    from base64 import b64encode
    from hashlib import sha256

    answer, content = get(ended.parent, "/ended/")
    (style,) = re.findall(rb"<style>(.*?)</style>", content, re.DOTALL)
    (source,) = re.findall(rb'<script type="module" src="([^"]+)"></script>', content)

    policy = answer.headers["Content-Security-Policy"]
    assert f"'sha256-{b64encode(sha256(style).digest()).decode()}'" in policy
    assert "script-src 'self';" in policy
    assert b"<script>" not in content
    answer, _ = get(ended.parent, source.decode())
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")


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

    paths = ("", "report.html", "files/config.toml", "state.json", "files/summary.json")
    answers = {path: get(folder.parent, f"/{run}/{path}") for path in paths}

    assert answers["files/config.toml"][0].status == 403
    assert answers["report.html"][0].status == 403
    assert not any(b"hunter2" in content for _, content in answers.values())
    # Nothing else is in the way of what others may check.
    assert answers["files/summary.json"][0].status == (200 if run == "ended" else 404)


def test_command_serves_and_ends_when_asked_to(ended):
    process = subprocess.Popen(
        [*ANML, ended, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        where = process.stdout.readline().strip()
        link = http.client.HTTPConnection(
            where.removeprefix("http://").rstrip("/"), timeout=300
        )
        link.request("GET", "/ended/files/summary.json")
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
            [*ANML, tmp_path, "--port", port], capture_output=True, text=True, check=False
        )

    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in done.stderr


def test_answers_over_a_kept_connection_wait_for_no_acknowledgement(get, ended):
    link = get.link(ended.parent)
    for _ in range(2):
        link.request("GET", "/ended/state.json")
        assert link.getresponse().read()
    (kept,) = get.server(ended.parent).server_state.connections
    accepted = kept.transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    link.close()
