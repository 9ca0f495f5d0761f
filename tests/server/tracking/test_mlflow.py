"""A real MLflow server, told of runs, and read back by MLflow's own client."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from anml_fl.system.processes import free_port
from server.tracking.asked import Asked
from server.tracking.names import plain_name
from server.tracking.sending import send
from server.tracking.tracked_run import ledger_head
from tests.server.tracking.conftest import ROUNDS, STRATEGIES

pytestmark = pytest.mark.slow


class Server:
    """MLflow's server, with a database that outlives it."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1",
                "--port", str(self.port), "--workers", "1",
                "--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}",
                "--artifacts-destination", str(self.folder / "artifacts"),
            ],
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 180
        while True:
            try:
                if httpx.get(f"{self.address}/health", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                assert time.monotonic() < end, "MLflow's server does not start"
                assert self._process.poll() is None
            time.sleep(0.3)

    def stop(self):
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Server(tmp_path_factory.mktemp("mlflow"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", running.address)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", os.environ["PYTEST_CURRENT_TEST"][-60:-8])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if running._process is None:
        running.start()
    return running


def client(server):
    from mlflow.tracking import MlflowClient

    return MlflowClient(server.address)


def runs(server):
    """Find by strategy what the test's experiment has."""
    of = client(server)
    found = of.get_experiment_by_name(os.environ["MLFLOW_EXPERIMENT_NAME"])
    listed = of.search_runs([found.experiment_id]) if found else []
    names = [run.data.tags["anml.strategy"] for run in listed]
    assert len(names) == len({*names}), names
    return dict(zip(names, listed, strict=True))


def assert_same(server, records, until=ROUNDS):
    of, found = client(server), runs(server)
    for name, run in found.items():
        for place, one in enumerate(records[name][0].contributors):
            told = of.get_metric_history(
                run.info.run_id, f"weight/{plain_name(one.contributor)}"
            )
            assert [metric.step for metric in told] == list(range(1, until + 1))
            assert [metric.value for metric in told] == [
                record.contributors[place].weight for record in records[name][:until]
            ]
        told = of.get_metric_history(run.info.run_id, "test_error")
        assert [m.value for m in told] == [one.test_error for one in records[name][:until]]
        assert all(a.timestamp <= b.timestamp for a, b in pairwise(told))
    return found


def test_every_round_is_there_once_as_recorded(server, stopped, go_on, records, tmp_path):
    assert send(stopped, Asked("mlflow", "")) == (ROUNDS + 1, False)
    assert {name: run.info.status for name, run in runs(server).items()} == dict.fromkeys(
        STRATEGIES, "KILLED"
    )
    go_on(stopped)
    assert send(stopped, Asked("mlflow", "")) == (ROUNDS - 1, True)
    assert send(stopped, Asked("mlflow", server.address)) == (0, True)
    found = assert_same(server, records)
    assert found.keys() == {*STRATEGIES}
    for name, run in found.items():
        assert run.info.status == "FINISHED"
        assert run.data.params["training.rounds"] == str(ROUNDS)
        assert run.data.tags["reason.north"] in ("counted", *run.data.tags.values())
        files = {one.path for one in client(server).list_artifacts(run.info.run_id)}
        pays = {"summary.json", "ledger.jsonl", "ledger.pub", "report.html"}
        assert files == {"rounds.jsonl"} | (pays if name == "calibrated" else set())
    lead = found["calibrated"]
    assert lead.data.tags["anml.ledger_head"] == ledger_head(stopped)
    path = client(server).download_artifacts(lead.info.run_id, "ledger.jsonl", str(tmp_path))
    assert Path(path).read_bytes() == (stopped / "ledger.jsonl").read_bytes()


def test_a_round_of_several_requests_that_broke_off_is_told_again(
    server, stopped, records, monkeypatch
):
    """What arrived before is the same to MLflow: it is not there twice."""
    from server.tracking.trackers import mlflow as tracker

    monkeypatch.setattr(tracker, "_METRICS", 7)
    asked = Asked("mlflow", "")
    from mlflow.tracking import MlflowClient

    real, sent = MlflowClient.log_batch, []

    def break_off(self, run_id, metrics=(), **more):
        sent.append(metrics)
        if metrics and metrics[0].step == 3 and len([m for m in sent if m]) % 4 == 3:
            raise ConnectionError("the network went away")
        return real(self, run_id, metrics=metrics, **more)

    monkeypatch.setattr(MlflowClient, "log_batch", break_off)
    with pytest.raises(ConnectionError):
        send(stopped, asked)
    monkeypatch.setattr(MlflowClient, "log_batch", real)
    assert send(stopped, asked) == (3, False)
    shutil.rmtree(stopped / "calibrated")
    found = runs(server)
    of = client(server)
    names = [name for name in found["fedavg"].data.metrics if name != "round"]
    assert len(names) > 21
    for name in names:
        steps = [m.step for m in of.get_metric_history(found["fedavg"].info.run_id, name)]
        assert steps == sorted({*steps}), name


def test_same_settings_in_another_folder_are_another_run(server, stopped, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(stopped, other, ignore=shutil.ignore_patterns("tracking"))
    assert send(stopped, Asked("mlflow", ""))[0] == ROUNDS + 1
    assert send(other, Asked("mlflow", ""))[0] == ROUNDS + 1
    of = client(server)
    found = of.get_experiment_by_name(os.environ["MLFLOW_EXPERIMENT_NAME"])
    assert len(of.search_runs([found.experiment_id])) == 4


@contextmanager
def beside(folder, name="mlflow"):
    from server.tracking.beside import tracked

    with tracked(folder, [Asked(name, "")]):
        yield


def write_rounds(stopped, finished, strategy, numbers):
    for number in numbers:
        for name in ("rounds.jsonl", "timings.jsonl"):
            lines = (finished / strategy / name).read_bytes().splitlines(keepends=True)
            (stopped / strategy / name).write_bytes(b"".join(lines[:number]))


def wait_for(what, seconds=120):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.3)


def test_a_server_that_is_killed_and_comes_back_has_every_round_once(
    server, stopped, finished, go_on, records, caplog
):
    with beside(stopped):
        wait_for(lambda: runs(server).keys() == {*STRATEGIES})
        wait_for(lambda: runs(server)["calibrated"].data.metrics.get("round") == 1)
        server.stop()
        write_rounds(stopped, finished, "calibrated", [2])
        wait_for(lambda: "the run goes on" in caplog.text)
        write_rounds(stopped, finished, "calibrated", [3])
        server.start()
        go_on(stopped)
        wait_for(lambda: runs(server)["calibrated"].data.metrics.get("round") == ROUNDS)
    said = [one.getMessage() for one in caplog.records if one.name == "flwr"]
    assert len(said) == 1, said
    assert said == ["mlflow: it cannot be reached; the run goes on"]
    assert {run.info.status for run in assert_same(server, records).values()} == {"FINISHED"}


def test_a_server_that_stays_away_is_told_the_rest_later(
    server, stopped, go_on, records, caplog
):
    from click.testing import CliRunner

    from anml_fl.cli import main

    server.stop()
    with beside(stopped):
        wait_for(lambda: "the run goes on" in caplog.text)
        go_on(stopped)
    command = re.search(r"`anml (track .+ --to mlflow)`", caplog.text)[1]
    failed = CliRunner().invoke(main, command.split())
    assert failed.exit_code == 2
    assert failed.output == "Error: mlflow: it cannot be reached\n"
    server.start()
    done = CliRunner().invoke(main, command.split())
    assert done.exit_code == 0, done.output
    assert f"mlflow: {2 * ROUNDS} rounds told" in done.output
    assert_same(server, records)
