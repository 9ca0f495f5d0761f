"""Attribution of finished runs: what it adds up to, that it repeats, what it refuses."""

from __future__ import annotations

import json
import shutil
from io import StringIO

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from anml_fl.datasets.prepare import deal
from anml_fl.federation.run_task import task_of
from anml_fl.method.records import RoundRecord
from anml_fl.models.build import build
from anml_fl.run.attribution import load_attribution
from anml_fl.run.updates import load_updates, save_updates
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.app import app
from server.attribution.table import table
from server.attribution.valuation import compare, rank_correlation, run
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.round_game import quality_on, round_game
from server.orchestration.run_folder import hold

SMALL = {
    "dataset": "wine",
    "contributors": 5,
    "rounds": 3,
    "local-epochs": 2,
    "behaviours": "label_flip=2",
    "strategies": "anml",
}


class Hostile(InlineGrid):
    """The first node never sends a valid update, and nobody answers in round 2."""

    rounds = 0

    def push_messages(self, messages):
        messages = list(messages)
        if messages and "arrays" in messages[0].content:
            self.rounds += 1
            if self.rounds == 2:
                return []
        return super().push_messages(messages)

    def _call(self, message):
        reply = super()._call(message)
        if message.metadata.dst_node_id == next(iter(self.get_node_ids())) and (
            "arrays" in reply.content
        ):
            reply.content["arrays"] = ArrayRecord({"evil": Array(np.full(3, np.nan))})
        return reply


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a finished run once, and hand out a copy each time."""
    known = {}

    def make(kind=InlineGrid, **settings):
        key = (kind, *sorted(settings.items()))
        if key not in known:
            config = from_flat({**SMALL, **settings})
            total = config.federation.contributors
            nodes = [{"partition-id": i, "num-partitions": total} for i in range(total)]
            known[key] = tmp_path_factory.mktemp("made")
            run_federation(kind(app, nodes, config.to_flat()), config, known[key])
        copy = tmp_path_factory.mktemp("run")
        return shutil.copytree(known[key], copy, dirs_exist_ok=True)

    return make


def records(folder):
    return [
        RoundRecord.from_json(line)
        for line in (folder / "rounds.jsonl").read_text().splitlines()
    ]


def column(attribution, name):
    return np.array([getattr(one, name) for one in attribution.contributors])


def test_everyones_model_is_the_one_that_fedavg_made(made):
    folder = made(strategies="fedavg") / "fedavg"
    test = deal("wine", 5, "iid", 0).test
    model = build("mlp", test.features.shape[1], None, test.classes, seed=9)
    before = None
    for record in records(folder):
        game = round_game(model, quality_on(test), load_updates(folder, record.round))
        nobody, everyone = game(np.array([[False] * 5, [True] * 5]))
        assert everyone == 1 - record.test_error
        assert before in (None, nobody)
        before = everyone


def test_exact_values_sum_to_the_accuracy_that_fedavg_gained(made):
    folder = made(strategies="fedavg")
    found = compare(folder)
    dealt = deal("wine", 5, "iid", 0)
    start = round_game(
        build("mlp", dealt.test.features.shape[1], None, dealt.test.classes, seed=9),
        quality_on(dealt.test),
        load_updates(folder / "fedavg", 1),
    )(np.zeros((1, 5), dtype=bool))[0]
    gained = (1 - records(folder / "fedavg")[-1].test_error) - start
    assert gained > 0.1
    assert column(found, "exact_shapley").sum() == pytest.approx(gained)
    # Truncation between and within rounds may keep back this much.
    assert column(found, "gtg_shapley").sum() == pytest.approx(gained, abs=3 * 0.01)


def test_the_attribution_says_who_was_paid_and_who_was_worth_what(made):
    found = compare(made())
    assert (found.strategy, found.rounds, found.settled_by) == ("anml", 3, "ledger")
    bad = np.array([one.behaviour == "label_flip" for one in found.contributors])
    assert bad.sum() == 2
    for name in ("leave_one_out", "gtg_shapley", "exact_shapley"):
        values = column(found, name)
        assert values[bad].mean() < values[~bad].mean()
    assert [e.name for e in found.estimators] == [
        "leave_one_out",
        "gtg_shapley",
        "exact_shapley",
    ]
    left_out, sampled, exact = found.estimators
    assert (left_out.evaluations, exact.evaluations) == (3 * 6, 3 * 32)
    assert sampled.evaluations <= exact.evaluations
    assert exact.with_exact == 1.0
    assert exact.with_settled == rank_correlation(
        column(found, "exact_shapley"), column(found, "settled")
    )


def test_settled_shares_are_the_weights_of_all_rounds(made):
    folder = made()
    sums = {}
    for record in records(folder / "anml"):
        for person in record.contributors:
            sums[person.contributor] = sums.get(person.contributor, 0) + person.weight
    for one in compare(folder).contributors:  # paid in whole units of 1e-6
        assert one.settled == pytest.approx(sums[one.contributor] / 3, abs=1e-6)
    (folder / "ledger.jsonl").unlink()
    without = compare(folder)
    assert without.settled_by == "weights"
    for one in without.contributors:
        assert one.settled == pytest.approx(sums[one.contributor] / 3)


def test_what_calibrated_paid_is_valued_on_the_rows_that_are_no_root_set(made):
    folder = made(dataset="digits", strategies="calibrated,fedavg", root="60", rounds=1)
    found = compare(folder)
    assert (found.strategy, found.settled_by) == ("calibrated", "ledger")
    # Both begin with the same model and see the same updates; FedAvg's model is everyone's.
    everyone = 1 - records(folder / "fedavg")[0].test_error
    task = task_of(from_flat({**SMALL, "dataset": "digits", "root": "60"}))
    assert task.data.test.labels.size == 300
    updates = load_updates(folder / "calibrated", 1)
    game = round_game(task.initial_model(), quality_on(task.data.test), updates)
    nobody, all_of_them = game(np.array([[False] * 5, [True] * 5]))
    assert all_of_them == everyone
    assert column(found, "exact_shapley").sum() == pytest.approx(everyone - nobody)


def test_a_ledger_settles(made):
    folder = made()
    *_, closed = (folder / "ledger.jsonl").read_text().split("\n")[:-1]
    totals = json.loads(closed)["totals"]
    found = compare(folder)
    assert found.settled_by == "ledger"
    shares = [totals[one.contributor] / 3_000_000 for one in found.contributors]
    np.testing.assert_allclose(column(found, "settled"), shares)


def test_without_a_ledger_weights_settle_and_it_is_said(made):
    folder = made()
    by_ledger = compare(folder)
    (folder / "ledger.jsonl").unlink()
    found = compare(folder)
    assert found.settled_by == "weights"
    # Payouts are weights in whole units, of a million a round.
    settled = column(by_ledger, "settled")
    np.testing.assert_allclose(column(found, "settled"), settled, atol=1e-6)


def test_a_ledger_that_does_not_verify_settles_nothing(made):
    folder = made()
    content = (folder / "ledger.jsonl").read_text()
    (folder / "ledger.jsonl").write_text(content.replace('"payout":', '"payout":9', 1))
    with pytest.raises(ConfigError, match=r"not fit its ledger: ledger\.jsonl: bad: entry 1"):
        compare(folder)
    (folder / "ledger.jsonl").write_text("{")
    with pytest.raises(ConfigError, match=r"ledger\.jsonl: bad: entry 0"):
        compare(folder)


def test_an_altered_run_is_not_valued_and_its_attribution_stays(made):
    folder = made()
    found = run(folder, Console(quiet=True))
    edit(folder, "seed = 0", "seed = 1")
    with pytest.raises(ConfigError, match=r"not fit its ledger: config\.toml was altered"):
        run(folder, Console(quiet=True))
    assert (folder / "attribution.json").read_text() == found.to_json()


def test_values_that_were_edited_are_told(made):
    folder = made()
    run(folder, Console(quiet=True))
    path = folder / "attribution.json"
    whole = path.read_bytes()
    for edited, said in (
        (whole, ""),
        (whole.replace(b'"exact_shapley": ', b'"exact_shapley": 9', 1), "an edit"),
    ):
        path.write_bytes(edited)
        console = Console(width=120, file=StringIO())
        run(folder, console)
        assert ("something else before" in console.file.getvalue()) == bool(said)
        assert path.read_bytes() == whole


def test_rules_without_weights_settle_nothing(made):
    found = compare(made(strategies="median"))
    assert {one.settled for one in found.contributors} == {None}
    assert {estimator.with_settled for estimator in found.estimators} == {None}


def test_without_a_valid_update_a_round_is_worth_nothing(made):
    found = compare(made(Hostile, strategies="anml"))
    first, *others = found.contributors
    assert (first.leave_one_out, first.gtg_shapley, first.exact_shapley) == (0, 0, 0)
    assert any(one.exact_shapley for one in others)
    # Four players in rounds 1 and 3, nobody in round 2.
    assert found.estimators[2].evaluations == 2 * 2**4


def test_a_large_federation_goes_without_exact_values(made):
    found = compare(made(contributors=11, rounds=1))
    assert {one.exact_shapley for one in found.contributors} == {None}
    assert [estimator.name for estimator in found.estimators] == [
        "leave_one_out",
        "gtg_shapley",
    ]
    assert {estimator.with_exact for estimator in found.estimators} == {None}


def test_the_same_run_and_seed_give_the_same_file_and_another_seed_other_samples(made):
    settings = {"contributors": 11, "rounds": 1}
    first, second = made(**settings), made(**settings)
    console = Console(quiet=True)
    found = run(first, console)
    text = (first / "attribution.json").read_bytes()
    assert text == found.to_json().encode()
    run(second, console)
    assert (second / "attribution.json").read_bytes() == text
    (second / "attribution.json").write_text("{")  # damaged: it is made anew
    run(second, console)
    assert (second / "attribution.json").read_bytes() == text
    other = compare(first, seed=1)
    assert column(other, "gtg_shapley").tolist() != column(found, "gtg_shapley").tolist()
    assert column(other, "leave_one_out").tolist() == column(found, "leave_one_out").tolist()


def test_the_file_reads_back_and_the_table_shows_it(made):
    folder = made()
    found = run(folder, Console(quiet=True))
    behaviours = json.loads((folder / "summary.json").read_text())["contributors"]
    read = load_attribution(folder, behaviours)
    assert read is not None
    assert read.to_json() == found.to_json()
    assert {estimator.seconds for estimator in read.estimators} == {None}
    assert (folder / "report.html").is_file()
    for attribution in (found, read, compare(made(strategies="median"))):
        console = Console(width=120, file=StringIO())
        console.print(table(attribution))
        shown = console.file.getvalue()
        assert shown.count("◆ label_flip") == 2
        first = attribution.contributors[0]
        assert f"{100 * first.exact_shapley:+.2f}" in shown
        assert f"{attribution.estimators[2].evaluations}" in shown


def edit(folder, old, new):
    path = folder / "config.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def strangers(folder):
    of = load_updates(folder / "anml", 2)
    save_updates(folder / "anml", 2, ["x"], of.model, of.updates[:1], of.examples[:1])


def damage(folder):
    path = folder / "anml" / "updates" / "0002.safetensors"
    path.write_bytes(path.read_bytes()[:-4])


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda f: (f / "summary.json").unlink(), ConfigError, "holds no finished run"),
        (lambda f: shutil.rmtree(f / "anml" / "updates"), OSError, "--no-record-updates"),
        (lambda f: edit(f, "seed = 0", "seed = 1"), ConfigError, "seed is 1 there, but 0 in"),
        (
            lambda f: edit(f, '"wine"', '"digits"'),
            ConfigError,
            "federation.dataset is 'digits'",
        ),
        (lambda f: edit(f, "rounds = 3", "rounds = 2"), ConfigError, "training.rounds is 2"),
        (lambda f: edit(f, "seed = 0", "sede = 0"), ConfigError, "unknown key 'sede'"),
        (strangers, ValueError, "the updates of round 2 are of 1 contributors"),
        (damage, ValueError, "0002.safetensors cannot be read"),
    ],
)
def test_folders_that_cannot_be_valued_are_refused(made, spoil, error, said):
    folder = made()
    (folder / "ledger.jsonl").unlink()  # it would tell of any difference
    spoil(folder)
    with pytest.raises(error, match=said):
        compare(folder)


def test_a_folder_in_use_or_not_there_is_left_alone(made, tmp_path):
    folder = made()
    with hold(folder), pytest.raises(ConfigError, match="another process is writing"):
        run(folder, Console(quiet=True))
    with pytest.raises(ConfigError, match="holds no finished run"):
        run(tmp_path / "nowhere", Console(quiet=True))
    assert not (tmp_path / "nowhere").exists()


@given(st.permutations(range(7)))
def test_rank_correlation_of_distinct_values_is_spearmans_formula(order):
    d = np.arange(7) - np.array(order)
    expected = 1 - 6 * (d @ d) / (7 * (49 - 1))
    found = rank_correlation(np.exp(np.arange(7.0)), np.array(order) / 7)
    assert found == pytest.approx(expected)


def test_rank_correlation_ties_what_differs_by_rounding_and_knows_when_it_is_undefined():
    tied = np.array([0.1 + 0.2, 0.3, 0.5])
    assert rank_correlation(tied, np.array([1.0, 1.0, 2.0])) == 1.0
    for undefined in (np.ones(3), np.array([0.3, 0.1 + 0.2, 0.3]), None):
        assert rank_correlation(np.arange(3.0), undefined) is None
    assert rank_correlation(np.array([1.0]), np.array([1.0])) is None
