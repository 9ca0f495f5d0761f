"""What nodes tell of their rows and of a model; and what of it the server takes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from sklearn.metrics import roc_auc_score

from anml_fl.federation.run_task import task_of
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, load_arrays, outputs_of
from anml_fl.settings.reading import from_flat
from anml_fl.tables.holdout import kept_for_testing
from anml_fl.tables.rows import Rows
from clients.app import client_app
from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from strategies.arrays import values_of
from strategies.claims import Claims, ask_claims
from strategies.metrics import Reported
from strategies.statistics_query import ask_statistics
from strategies.transport import Transport

TIMEOUT = 10.0


def split(sites, site):
    """Split a site's rows as its rows say, read here by hand."""
    table = sites.tables[site]
    codes = [("ny".index(smoker), "AB".index(ward)) for _, smoker, ward, *_ in table]
    rows = Rows(
        site,
        sites.schema,
        np.array([[float(row[0])] for row in table]),
        np.array(codes, np.int32),
        np.array([int(row[4] == "sick") for row in table]),
        (),
        np.full(len(table), -1),
    )
    train, test = kept_for_testing(rows)
    return [table[place] for place in train], [table[place] for place in test]


def statistics(sites, grid=None):
    grid = grid or sites.grid()
    return ask_statistics(grid, sites.roster(grid), sites.schema, TIMEOUT)


def claims(sites, metric, grid=None):
    grid = grid or sites.grid()
    roster = sites.roster(grid)
    return ask_claims(grid, roster, sites.arrays(), sites.agreed(), metric, TIMEOUT)


def forging(kind, content):
    """A ClientApp that answers a kind of question with anything."""
    app = ClientApp(mods=[echo_nonce])

    def answer(message, context):
        return Message(RecordDict(content), reply_to=message)

    (app.query("statistics") if kind == "statistics" else app.evaluate())(answer)
    return app


def test_statistics_are_counts_and_sums_over_the_training_rows(sites):
    told = statistics(sites)
    assert (told.left_out, told.refused) == ({}, ())
    for site, found in told.statistics.items():
        rows, _ = split(sites, site)
        ages = np.array([float(row[0]) for row in rows])
        assert (found.rows, found.counts) == (len(rows), (len(rows),))
        np.testing.assert_allclose(found.sums, [ages.sum()])
        np.testing.assert_allclose(found.squares, [(ages**2).sum()])
        wards = [sum(row[2] == ward for row in rows) for ward in "AB"]
        outcomes = [sum(row[4] == one for row in rows) for one in ("well", "sick")]
        assert min(wards + outcomes) >= 5
        assert found.choices[1] == (*wards, 0, 0)
        assert found.classes == tuple(outcomes)


@pytest.mark.parametrize(
    "asked", [{"seed": seed} for seed in range(1, 30)] + [{"test": "t.csv"}]
)
def test_who_asks_again_in_another_way_hears_the_same(sites, asked):
    """Of other sums the difference would tell a row; 40 of them would tell all 40 rows."""
    told = statistics(sites)
    sites.config = from_flat({**sites.config.to_flat(), **asked})
    assert statistics(sites) == told


def test_another_name_for_a_node_hears_the_same(sites):
    told = statistics(sites).statistics
    sites.roster = lambda grid: dict(zip(grid.get_node_ids(), ("x", "y", "z"), strict=True))
    assert list(statistics(sites).statistics.values()) == list(told.values())


def test_a_nodes_own_least_count_holds_where_it_is_larger(sites):
    (sites.folder / "egress.toml").write_text("least_count = 18\n")
    told = statistics(sites, sites.grid(egress=sites.folder / "egress.toml"))
    assert told.left_out == {}
    assert told.statistics["west"].classes != (0, 0)
    counts = [n for one in told.statistics.values() for n in (*one.classes, *one.choices[1])]
    assert min(n for n in counts if n) >= 18
    assert 0 in counts
    (sites.folder / "egress.toml").write_text("least_count = 1\n")
    told = statistics(sites, sites.grid(egress=sites.folder / "egress.toml"))
    counts = [n for one in told.statistics.values() for n in (*one.classes, *one.choices[1])]
    assert min(n for n in counts if n) >= 5


def test_a_node_without_a_table_tells_none(sites):
    told = statistics(sites, sites.grid(data="", schema=""))
    assert told.statistics == {}
    assert "`anml join --data FILE`" in told.left_out["north"]


GOOD = {
    "rows": 32,
    "counts": [32],
    "sums": [1600.0],
    "squares": [90000.0],
    "choices": [[16, 16, 0, 0], [16, 16, 0, 0]],
    "classes": [16, 16],
}


def test_the_forged_statistics_below_are_wrong_in_what_they_say_alone(sites):
    told = forged_statistics(sites, {})
    assert set(told.statistics) == {"north", "south", "west"}


def forged_statistics(sites, change):
    text = change if isinstance(change, str) else json.dumps({**GOOD, **change})
    content = {"statistics": ConfigRecord({"json": text})}
    return statistics(sites, sites.grid(forging("statistics", content)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": -1}, "rows must be a whole number from 0"),
        ({"counts": [33]}, "counts of age must be a whole number from 0 to 32"),
        ({"counts": [32, 32]}, "counts must be a list of 1"),
        ({"sums": [math.inf]}, "not JSON with finite numbers"),
        ({"sums": [1e300]}, "mean of age must lie in 0 to 130"),
        ({"squares": [1.0]}, "squares of age"),
        ({"choices": [[16, 16, 0, 0]]}, "choices must be a list of 2"),
        ({"classes": [30, 30]}, "classes add up to 60, of 32 rows"),
        ({"more": 1}, "no more"),
        ("[" * 100_000, "not JSON"),
        ("", "not JSON"),
    ],
)
def test_forged_statistics_are_left_out_with_the_reason(sites, change, said):
    told = forged_statistics(sites, change)
    assert told.statistics == {}
    assert all(said in reason for reason in told.left_out.values())
    assert len(told.left_out) == 3


@pytest.mark.parametrize(
    "content",
    [{}, {"statistics": ConfigRecord({"json": 1})}, {"statistics": MetricRecord({"json": 1})}],
)
def test_a_reply_without_statistics_is_left_out(sites, content):
    told = statistics(sites, sites.grid(forging("statistics", content)))
    assert told.left_out == dict.fromkeys(sites.tables, "no statistics in the reply")


def test_a_claim_is_scikit_learns_score_on_the_rows_that_were_held_back(sites):
    found = claims(sites, "roc_auc")
    model = build("mlp", 5, None, 2, seed=0)
    load_arrays(model, sites.model())
    for site in sites.tables:
        _, rows = split(sites, site)
        features = np.array(
            [
                [(float(a) - 50) / 12.5, s == "y", w == "A", w == "B", 0]
                for a, s, w, *_ in rows
            ],
            np.float32,
        )
        logits = outputs_of(model, features)
        truth = [row[4] == "sick" for row in rows]
        # Two classes: their order is that of the logits' difference.
        expected = roc_auc_score(truth, logits[:, 1] - logits[:, 0])
        assert found.values[site] == pytest.approx(expected)
        assert found.examples[site] == len(rows)
    assert found.median == sorted(found.values.values())[1]


def test_without_a_metric_the_error_is_claimed(sites):
    error, accuracy = claims(sites, ""), claims(sites, "accuracy")
    for site in sites.tables:
        assert error.values[site] == pytest.approx(1 - accuracy.values[site])


def test_packed_models_are_claimed_alike(sites):
    layout = Transport(packed=True).layout(sites.arrays())
    arrays, config = Transport(packed=True).sent(sites.arrays(), layout, sites.agreed())
    grid = sites.grid()
    found = ask_claims(grid, sites.roster(grid), arrays, config, "log_loss", TIMEOUT)
    assert found == claims(sites, "log_loss")


def test_nodes_claim_nothing_where_the_server_has_a_test_table(sites, caplog):
    sites.config = from_flat({**sites.config.to_flat(), "test": "test.csv"})
    found = claims(sites, "accuracy")
    assert found.values == {}
    assert "ConfigError; the node's log says more" in found.left_out["north"]
    assert "holds back no rows" in caplog.text
    assert math.isnan(found.median)


def test_an_unknown_metric_is_named_with_the_known_ones_in_the_nodes_log(sites, caplog):
    said = claims(sites, "beauty").left_out["north"]
    assert said == "error 2: EgressError: ConfigError; the node's log says more"
    assert "known metrics: accuracy" in caplog.text


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (MetricRecord({"value": math.nan, "num-examples": 3}), "one finite number, got nan"),
        (MetricRecord({"value": [0.5], "num-examples": 3}), "one finite number"),
        (MetricRecord({"num-examples": 3}), "one finite number"),
        (MetricRecord({"value": 0.5, "num-examples": 0}), "num-examples must lie in [1,"),
        (MetricRecord({"value": 0.5}), "num-examples must lie in [1,"),
        (ConfigRecord({"value": 0.5, "num-examples": 3}), "no claim in the reply"),
    ],
)
def test_ill_formed_claims_are_left_out_with_the_reason(sites, record, said):
    found = claims(sites, "accuracy", sites.grid(forging("evaluate", {"claim": record})))
    assert found.values == {}
    assert all(said in reason for reason in found.left_out.values())
    assert len(found.left_out) == 3


def test_a_liars_claim_moves_the_median_no_farther_than_to_an_honest_one():
    honest = {"a": 0.7, "b": 0.8, "c": 0.9}
    for lie in (-1e300, 1e300):
        said = {**honest, "liar": lie}
        reports = {name: Reported("claim", {"value": x}, 1) for name, x in said.items()}
        assert 0.7 <= Claims(reports, {}).median <= 0.9


def test_where_data_lie_in_one_process_each_contributor_claims_on_its_own_rows():
    flat = {
        "dataset": "heart_disease",
        "partition": "natural",
        "contributors": 4,
        "behaviours": "honest=4",
        "strategies": "fedavg",  # for which no root set is held out
    }
    config = from_flat(flat)
    task = task_of(config)
    nodes = [{"partition-id": i, "num-partitions": 4} for i in range(4)]
    grid = InlineGrid(client_app(), nodes, config.to_flat())
    roster = dict(zip(grid.get_node_ids(), task.data.names, strict=True))
    arrays = ArrayRecord({k: Array(v) for k, v in arrays_of(task.initial_model()).items()})
    found = ask_claims(grid, roster, arrays, ConfigRecord(), "", TIMEOUT)
    model = task.model_of(values_of(arrays))
    total = sum(found.examples.values())
    assert total == task.data.test.labels.size
    # The mean of the claims, by rows, is the error on all of the test rows.
    weighed = sum(found.values[n] * found.examples[n] for n in found.values) / total
    assert weighed == pytest.approx(task.error(model))
