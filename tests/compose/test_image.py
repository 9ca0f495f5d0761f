"""The image of our containers: what is in it, how it starts, how its health is told."""

import re
import socket
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.checkout


@pytest.mark.parametrize(
    "part", ["FROM ${BASE_IMAGE}", "--require-hashes", "USER ${UID}:${UID}"]
)
def test_image_is_pinned_and_not_roots(root, part):
    assert part in (root / "Dockerfile").read_text(encoding="utf-8")


def test_image_holds_what_is_listed_and_nothing_secret(root):
    lines = (root / ".dockerignore").read_text(encoding="utf-8").split("\n")
    listed = [line for line in lines if line and not line.startswith("#")]

    assert listed[0] == "*"
    kept = {line[1:] for line in listed if line.startswith("!")}
    assert kept == {
        *("anml_fl", "strategies", "server", "clients", "studies", "presets", "deploy"),
        *("pyproject.toml", "requirements.lock", "requirements-run.lock"),
        *("README.md", "LICENSE"),
    }


def test_start_waits_and_hands_the_password_over(root, tmp_path):
    awaited, password = tmp_path / "awaited", tmp_path / "password"
    password.write_text("s3cret\n")
    process = subprocess.Popen(
        [sys.executable, root / "deploy/start.py", "sh", "-c", 'echo "got $PGPASSWORD"'],
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "ANML_WAIT_FOR": str(awaited),
            "ANML_PASSWORD_FILE": str(password),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr.readline() == f"waiting for {awaited}\n"
        assert process.poll() is None
        awaited.touch()
        said, _ = process.communicate(timeout=300)
    finally:
        process.kill()

    assert said == "got s3cret\n"
    assert process.returncode == 0


@pytest.mark.parametrize("named", ["s3cret", "{}/s3cret", "{}"])
def test_start_does_not_repeat_what_should_name_the_passwords_file(root, tmp_path, named):
    (tmp_path / "s3cret").write_bytes(b"s3cret\xfc")
    done = subprocess.run(
        [sys.executable, root / "deploy/start.py", "true"],
        env={"PATH": "/usr/bin:/bin", "ANML_PASSWORD_FILE": named.format(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "ANML_PASSWORD_FILE names no text file that can be read\n"


def test_start_can_be_ended_while_it_waits(root, tmp_path):
    process = subprocess.Popen(
        [sys.executable, root / "deploy/start.py", "true"],
        env={"PATH": "/usr/bin:/bin", "ANML_WAIT_FOR": f"{tmp_path}/never"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr.readline()
        process.terminate()
        assert process.wait(timeout=300) == 143
    finally:
        process.kill()
        process.stderr.close()


def test_start_waits_for_a_server_too(root):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, root / "deploy/start.py", "sh", "-c", "exit 7"],
            env={"PATH": "/usr/bin:/bin", "ANML_WAIT_FOR": address},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr.readline() == f"waiting for {address}\n"
            server.listen()
            assert process.wait(timeout=300) == 7
        finally:
            process.kill()
            process.stderr.close()


def test_health_is_told_by_the_exit_status(root, tmp_path):
    (tmp_path / "good").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        told = {
            path: subprocess.run(
                [
                    sys.executable,
                    root / "deploy/health.py",
                    f"http://127.0.0.1:{server.server_port}/{path}",
                ],
                env={"http_proxy": "http://127.0.0.1:1"},
                capture_output=True,
                check=False,
            ).returncode
            for path in ("good/", "bad/")
        }
        server.shutdown()

    assert told == {"good/": 0, "bad/": 1}


def test_images_lock_is_part_of_the_other_one(root, pyproject):
    """`make lock` writes both; the image needs no studies and no test tools."""
    pins, runs_pins = (
        set(re.findall(r"^([a-z0-9-]+==[^ ]+)", (root / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-run.lock")
    )
    names = {pin.partition("==")[0] for pin in runs_pins}

    assert runs_pins < pins
    assert {Requirement(one).name for one in pyproject["project"]["dependencies"]} <= names
    assert {"pytest", "mypy", "ruff", "cleanlab"}.isdisjoint(names)
