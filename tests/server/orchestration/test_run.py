"""A whole run on the inline engine: what it writes, that it repeats, that it goes on."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from safetensors.numpy import load_file

from anml_fl.datasets.prepare import deal
from anml_fl.federation.contributors import behaviours_of
from anml_fl.method.records import RoundRecord
from anml_fl.settings.section import ConfigError
from server.engines.inline_grid import InlineGrid
from server.orchestration.run_folder import default_folder, hold


class Shuffling(InlineGrid):
    """Replies arrive in another order every time."""

    def pull_messages(self, message_ids):
        replies = list(super().pull_messages(message_ids))
        random.shuffle(replies)
        return replies


def records(folder):
    lines = (folder / "rounds.jsonl").read_text().splitlines()
    return [RoundRecord.from_json(line) for line in lines]


def test_folder_holds_what_the_readme_says(small, run, tmp_path):
    config = small()
    summary = run(config, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "anml", "calibrated", "config.toml", "fedavg", "krum", "ledger.jsonl", "ledger.pub",
        "manifest.json", "oracle", "report.html", "summary.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    names = ["fedavg", "krum", "anml", "calibrated", "oracle"]
    assert list(summary["strategies"]) == names
    for name, one in summary["strategies"].items():
        rounds = records(tmp_path / name)
        assert [r.round for r in rounds] == [1, 2, 3]
        assert one["test_error"] == rounds[-1].test_error
        assert one["excluded"] == 0
        assert set(one["branches"]) == {"blend", "krum", "uniform"}
    assert sum(summary["strategies"]["anml"]["branches"].values()) == 3
    assert summary["contributors"] == behaviours_of(config)
    assert sum(summary["strategies"]["calibrated"]["branches"].values()) == 0
    # The one that settles leaves its updates, and is what the ledger is about.
    left = [name for name in names if (tmp_path / name / "updates").is_dir()]
    assert left == ["calibrated"]
    opened = json.loads((tmp_path / "ledger.jsonl").read_text().splitlines()[0])
    assert opened["strategy"] == "calibrated"
    assert len((tmp_path / "anml" / "timings.jsonl").read_text().splitlines()) == 3


def test_attackers_weight_is_their_mean_share(small, run, tmp_path):
    config = small(behaviours="label_flip=2")
    summary = run(config, tmp_path)["strategies"]
    bad = {who for who, role in behaviours_of(config).items() if role != "honest"}
    shares = [
        sum(c.weight for c in record.contributors if c.contributor in bad)
        for record in records(tmp_path / "anml")
    ]
    assert summary["anml"]["attacker_weight"] == pytest.approx(np.mean(shares))
    # Equal counts would make it 2 of 6; the parts differ by one sample at most.
    assert summary["fedavg"]["attacker_weight"] == pytest.approx(2 / 6, abs=0.01)
    assert summary["oracle"]["attacker_weight"] == 0.0


def test_same_seed_same_bytes_in_whatever_order_replies_arrive(small, run, tmp_path):
    random.seed(1)
    config = small(rounds=4)
    run(config, tmp_path / "a", Shuffling)
    run(config, tmp_path / "b", Shuffling)
    run(config, tmp_path / "c")
    for name in config.strategies:
        for file in ("rounds.jsonl", "model.safetensors"):
            first = (tmp_path / "a" / name / file).read_bytes()
            assert first == (tmp_path / "b" / name / file).read_bytes()
            assert first == (tmp_path / "c" / name / file).read_bytes()


def test_another_seed_gives_another_run(small, run, tmp_path):
    run(small(seed=1, strategies="anml"), tmp_path / "a")
    run(small(seed=2, strategies="anml"), tmp_path / "b")
    assert (tmp_path / "a" / "anml" / "rounds.jsonl").read_bytes() != (
        tmp_path / "b" / "anml" / "rounds.jsonl"
    ).read_bytes()


def test_strategies_do_not_influence_each_other(small, run, tmp_path):
    run(small(strategies="anml"), tmp_path / "alone")
    run(small(strategies="krum,fedavg,anml"), tmp_path / "after")
    assert (tmp_path / "alone" / "anml" / "rounds.jsonl").read_bytes() == (
        tmp_path / "after" / "anml" / "rounds.jsonl"
    ).read_bytes()


def test_first_model_of_fedavg_is_the_mean_of_what_the_clients_trained(small, run, tmp_path):
    """One round, followed from outside: the clients' own replies, averaged by hand."""
    seen = []

    class Listening(InlineGrid):
        def pull_messages(self, message_ids):
            replies = list(super().pull_messages(message_ids))
            seen.extend(r for r in replies if "arrays" in r.content)
            return replies

    config = small(strategies="fedavg", rounds=1)
    run(config, tmp_path, Listening)
    counts = np.array([r.content["metrics"]["num-examples"] for r in seen], float)
    dealt = deal("wine", 6, "iid", 0)
    assert sorted(counts) == sorted(part.labels.size for part in dealt.parts)
    model = load_file(tmp_path / "fedavg" / "model.safetensors")
    for name, value in model.items():
        stack = np.stack([r.content["arrays"][name].numpy() for r in seen]).astype(float)
        mean = np.tensordot(counts / counts.sum(), stack, axes=1)
        np.testing.assert_allclose(value, mean, atol=1e-6)


def test_interrupted_run_goes_on_and_ends_with_the_same_bytes(small, run, tmp_path):
    config = small(strategies="fedavg,anml")
    run(config, tmp_path / "whole")

    class Interrupted(InlineGrid):
        calls = 0

        def push_messages(self, messages):
            Interrupted.calls += 1
            if Interrupted.calls == 6:  # enrolment, three rounds, and some more
                raise KeyboardInterrupt
            return super().push_messages(messages)

    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "cut", Interrupted)
    assert not (tmp_path / "cut" / "summary.json").exists()
    finished = (tmp_path / "cut" / "fedavg" / "timings.jsonl").read_bytes()
    run(config, tmp_path / "cut")
    # What was finished was not trained again.
    assert (tmp_path / "cut" / "fedavg" / "timings.jsonl").read_bytes() == finished
    for name in config.strategies:
        assert (tmp_path / "cut" / name / "rounds.jsonl").read_bytes() == (
            tmp_path / "whole" / name / "rounds.jsonl"
        ).read_bytes()


def test_finished_run_is_run_anew(small, run, tmp_path):
    config = small(strategies="fedavg")
    run(config, tmp_path)
    run(config, tmp_path)
    assert len(records(tmp_path / "fedavg")) == 3


def test_folder_with_other_settings_is_refused(small, run, tmp_path):
    run(small(strategies="fedavg"), tmp_path)
    before = (tmp_path / "fedavg" / "rounds.jsonl").read_bytes()
    with pytest.raises(ConfigError, match="other settings"):
        run(small(strategies="fedavg", seed=3), tmp_path)
    assert (tmp_path / "fedavg" / "rounds.jsonl").read_bytes() == before


def test_default_folder_never_holds_other_settings(small, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = small(strategies="fedavg"), small(strategies="fedavg", seed=3)
    run(one, default_folder(one))
    assert str(default_folder(one)) == "runs/default"
    assert str(default_folder(other)) == "runs/default-2"


def test_round_in_which_nobody_replies_keeps_the_model(small, run, tmp_path):
    class Deaf(InlineGrid):
        rounds = 0

        def push_messages(self, messages):
            messages = list(messages)
            if messages and "arrays" in messages[0].content:
                Deaf.rounds += 1
                if Deaf.rounds == 2:
                    return []
            return super().push_messages(messages)

    run(small(strategies="anml"), tmp_path, Deaf)
    first, second, third = records(tmp_path / "anml")
    assert second.note == "no valid reply: the model stays as it is"
    assert second.test_error == first.test_error
    assert [c.reason for c in second.contributors] == ["no reply in time"] * 6
    assert third.excluded == 0


def test_client_that_sends_garbage_does_not_stop_the_run(small, run, tmp_path):
    class Poisoned(InlineGrid):
        def _call(self, message):
            reply = super()._call(message)
            if message.metadata.dst_node_id == next(iter(self.get_node_ids())) and (
                "arrays" in reply.content
            ):
                reply.content["arrays"] = ArrayRecord({"evil": Array(np.full(3, np.nan))})
            return reply

    summary = run(small(strategies="anml,fedavg"), tmp_path, Poisoned)["strategies"]
    assert summary["anml"]["excluded"] == summary["fedavg"]["excluded"] == 3
    reason = records(tmp_path / "anml")[0].contributors[0].reason
    assert reason.startswith("missing arrays")


def test_federation_of_one_and_of_three_runs(small, run, tmp_path):
    for total in (1, 3):
        config = small(
            contributors=total, behaviours=f"honest={total}", strategies="anml,krum"
        )
        run(config, tmp_path / str(total))
        record = records(tmp_path / str(total) / "anml")[0]
        assert record.note == f"{total} valid replies, fewer than 4: q = 1 for all"
        assert [c.q for c in record.contributors] == [1.0] * total


def test_folder_that_is_no_runs_is_left_alone(small, run, tmp_path):
    (tmp_path / "anml").mkdir()
    (tmp_path / "anml" / "thesis.txt").write_text("precious")
    with pytest.raises(ConfigError, match="holds anml: give another"):
        run(small(strategies="anml"), tmp_path)
    assert (tmp_path / "anml" / "thesis.txt").read_text() == "precious"


def test_a_runs_folder_keeps_what_the_run_did_not_write(small, run, tmp_path):
    run(small(strategies="fedavg"), tmp_path)
    (tmp_path / "fedavg" / "notes.txt").write_text("mine")
    run(small(strategies="fedavg"), tmp_path)
    assert (tmp_path / "fedavg" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("rounds.jsonl", lambda data: data[: data.index(b"\n") + 1]),
        ("rounds.jsonl", lambda data: b""),
        ("rounds.jsonl", lambda data: data[:-20]),
        ("rounds.jsonl", lambda data: data + data),
        ("timings.jsonl", lambda data: b"{}\n"),
        ("model.safetensors", lambda data: b"garbage"),
    ],
)
def test_damaged_results_are_made_anew(small, run, tmp_path, file, damage):
    config = small(strategies="fedavg")
    run(config, tmp_path)
    path = tmp_path / "fedavg" / file
    whole = (tmp_path / "fedavg" / "rounds.jsonl").read_bytes()
    path.write_bytes(damage(path.read_bytes()))
    (tmp_path / "summary.json").unlink()
    summary = run(config, tmp_path)
    assert summary["strategies"]["fedavg"]["rounds"] == 3
    assert (tmp_path / "fedavg" / "rounds.jsonl").read_bytes() == whole


def test_two_processes_cannot_write_to_one_folder(tmp_path):
    with hold(tmp_path), pytest.raises(ConfigError, match="another process"), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass
