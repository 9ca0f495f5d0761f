"""Who is let in: by the Host that was asked for, and by a token."""

import re
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from server.page.guard import checked_token
from server.page.serving import PageServer

EVERYWHERE = str(ip_address(0))
TOKEN = "0123456789abcdef-XYZ"


def ask(get, folder, path="/ended/state.json", **headers):
    return get(folder.parent, path, **headers)[0]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:80", 200),
        ("fl.example.org", 200),
        ("fl.example.org:443", 200),
        ("evil.example.org", 421),
        ("127.0.0.1.evil.org:8080", 421),
        ("localhost@evil.org", 421),
        ("127.0.0.1:8080:80", 421),
        ("", 421),
    ],
)
def test_only_the_servers_own_names_are_answered(get, ended, host, status):
    get.server(ended.parent, hosts=["FL.example.org"])

    answer = ask(get, ended, host=host)

    assert answer.status == status
    assert ask(get, ended, "/health", host=host).status == status


def test_two_hosts_are_none(get, ended):
    link = get.link(ended.parent)
    link.putrequest("GET", "/health", skip_host=True)
    for host in ("localhost", "evil.org"):
        link.putheader("Host", host)
    link.endheaders()
    assert link.getresponse().status in (400, 421)
    link.close()


def test_token_opens_once_and_is_kept_in_a_cookie(get, ended):
    get.server(ended.parent, token=TOKEN)
    refused = ask(get, ended)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")

    let_in = ask(get, ended, f"/ended/heat.json?strategy=anml&token={TOKEN}&who=%C3%BC")

    assert let_in.status == 303
    assert let_in.headers["Location"] == "/ended/heat.json?strategy=anml&who=%C3%BC"
    kept = let_in.headers["Set-Cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=strict" in kept
    assert ask(get, ended, cookie=kept.partition(";")[0]).status == 200
    assert ask(get, ended, authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.parametrize(
    "shown",
    [
        {"path": "/ended/state.json?token=0123456789abcdef-XYz"},
        {"path": "/ended/state.json?token="},
        {"path": "/ended/events?token=%C3%BC"},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer \xfc"},
        {"cookie": f"anml-page={TOKEN}"},
        {"cookie": 'a="; b=\\"; ;;=;'},
    ],
)
def test_nothing_else_opens(get, ended, shown):
    get.server(ended.parent, token=TOKEN)

    assert ask(get, ended, **shown).status == 401
    for path in (
        "/",
        "/compare",
        "/ended/report.html",
        "/static/x.js",
        "/ended/files/ledger.pub",
    ):
        assert ask(get, ended, path).status == 401
    assert ask(get, ended, "/health").status == 200


def test_token_in_an_address_leads_nowhere_else(get, ended):
    get.server(ended.parent, token=TOKEN)

    for path in ("//evil.org/", "/\\evil.org/"):
        where = ask(get, ended, f"{path}?token={TOKEN}").headers["Location"]
        assert re.match(r"/[^/\\]", where), where


def test_beyond_loopback_a_token_is_made_and_differs_each_time(ended):
    made = [PageServer(ended, EVERYWHERE, 0) for _ in range(2)]
    assert all(len(one.token) >= 40 and one.made for one in made)
    assert made[0].token != made[1].token
    for one in made:
        one.close()
    given = PageServer(ended, EVERYWHERE, 0, token=TOKEN)
    assert (given.token, given.made) == (TOKEN, False)
    given.close()
    own = PageServer(ended, "127.0.0.1", 0)
    assert own.token == ""
    own.close()


def test_command_prints_a_token_that_it_made_and_none_that_was_given(ended, tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    for more, pattern in (
        ([], r"http://0\.0\.0\.0:\d+/\?token=[\w-]{40,}\n"),
        (["--token-file", tmp_path / "token"], r"http://0\.0\.0\.0:\d+/\n"),
    ):
        process = subprocess.Popen(
            [Path(sys.executable).with_name("anml"), "page", ended.parent, "--port", "0",
             "--host", EVERYWHERE, *more],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            assert re.fullmatch(pattern, process.stdout.readline())
        finally:
            process.terminate()
            process.communicate()
        assert process.returncode == 0


@pytest.mark.parametrize(
    "token", ["short", "a" * 201, "with a blank in it", "ü" * 20, 'q"' * 10]
)
def test_a_token_that_will_not_do_is_refused_and_not_repeated(token):
    with pytest.raises(ValueError, match="16 to 200 printable ASCII letters") as refused:
        checked_token(token)
    assert token not in str(refused.value)
