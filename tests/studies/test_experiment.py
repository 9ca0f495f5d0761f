"""A cell of experiments against the same steps done one by one, in plain torch."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from anml_fl.method.krum import consistency, krum_scores
from anml_fl.method.selection import select_top
from anml_fl.models.build import build
from anml_fl.seeding import stream
from studies.sample import experiment
from studies.sample.drawing import draw
from studies.sample.recipe import Recipe
from studies.sample.signals import signals
from studies.study import Cell, Variant

SHORT = Recipe(fit=20, epochs=40)


def cell(*variants, dataset="wine", trials=(0, 1), trained=True):
    return Cell("a-study", dataset, variants, trials, 0, trained)


def table(rows):
    return {(r.condition, r.method, r.metric, r.trial): r.value for r in rows}


def plain_model(drawn, samples, epochs, trial):
    seed = int(stream(0, "sample study", "wine", trial, "model").integers(2**32))
    model = build("mlp", drawn.features.shape[1], None, drawn.outputs, seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.001)
    x, y = torch.from_numpy(drawn.features[samples]), torch.from_numpy(drawn.targets[samples])
    for _ in range(epochs):
        optimiser.zero_grad()
        cross_entropy(model(x), y).backward()
        optimiser.step()
    return model


def plain_consistency(drawn, trial):
    """q from gradients that are written out, sample by sample."""
    n = drawn.targets.size
    model = plain_model(drawn, np.arange(n), SHORT.fit, trial)
    gradients = []
    for x, y in zip(drawn.features, drawn.targets, strict=True):
        model.zero_grad()
        cross_entropy(model(torch.from_numpy(x[None])), torch.tensor([y])).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]).numpy())
    return consistency(
        krum_scores(np.stack(gradients).astype(float), n_byzantine=round(0.3 * n))
    )


@pytest.fixture(scope="module")
def rows():
    return experiment.run(
        cell(Variant("c", SHORT, ("uniform", "krum", "softmax_blend", "two_stage", "oracle")))
    )


@pytest.mark.parametrize("trial", [0, 1])
def test_krum_is_as_step_by_step(rows, trial):
    found = table(rows)
    drawn = draw("wine", SHORT, 0, trial)
    kept = np.flatnonzero(select_top(plain_consistency(drawn, trial), 0.7))
    assert found["c", "krum", "selected_clean", trial] == pytest.approx(
        (~drawn.bad[kept]).mean()
    )
    model = plain_model(drawn, kept, SHORT.epochs, trial)
    with torch.no_grad():
        predicted = model(torch.from_numpy(drawn.test_features)).argmax(dim=1).numpy()
    assert found["c", "krum", "error", trial] == pytest.approx(
        np.mean(predicted != drawn.test_targets)
    )


def test_uniform_trains_on_all_and_oracle_on_the_clean_alone(rows):
    found = table(rows)
    for trial in (0, 1):
        drawn = draw("wine", SHORT, 0, trial)
        model = plain_model(drawn, np.arange(drawn.bad.size), SHORT.epochs, trial)
        with torch.no_grad():
            predicted = model(torch.from_numpy(drawn.test_features)).argmax(dim=1).numpy()
        assert found["c", "uniform", "error", trial] == np.mean(
            predicted != drawn.test_targets
        )
        assert found["c", "uniform", "selected_clean", trial] == np.mean(~drawn.bad)
        assert found["c", "oracle", "selected_clean", trial] == 1
        assert found["c", "oracle", "selected_attackers", trial] == 0


def test_gate_has_the_error_of_the_branch_that_it_took(rows):
    found = table(rows)
    for trial in (0, 1):
        branch = next(
            b
            for b in ("uniform", "blend", "krum")
            if found["c", "two_stage", f"branch_{b}", trial]
        )
        method = {"blend": "softmax_blend"}.get(branch, branch)
        assert found["c", "two_stage", "error", trial] == found["c", method, "error", trial]


def test_rho_c_and_its_product_form(rows):
    found = table(rows)
    drawn = draw("wine", SHORT, 0, 0)
    q = plain_consistency(drawn, 0)
    s = signals("wine", drawn, SHORT, 0, 0).s
    assert found["c", "two_stage", "rho_c", 0] == pytest.approx(
        np.corrcoef(q, s)[0, 1], abs=1e-5
    )
    clean = ~drawn.bad
    product = np.corrcoef(q, clean)[0, 1] * np.corrcoef(s, clean)[0, 1]
    assert found["c", "krum", "rho_product", 0] == pytest.approx(product, abs=1e-5)


def test_auc_is_the_share_of_pairs_in_the_right_order(rows):
    drawn = draw("wine", SHORT, 0, 1)
    q = plain_consistency(drawn, 1)
    good, bad = q[~drawn.bad], q[drawn.bad]
    pairs = np.mean(good[:, None] > bad[None, :]) + 0.5 * np.mean(
        good[:, None] == bad[None, :]
    )
    assert table(rows)["c", "krum", "auc", 1] == pytest.approx(pairs, abs=1e-5)


def test_variants_that_share_a_fit_find_what_they_find_alone():
    methods = ("uniform", "krum", "two_stage")
    variants = [
        Variant("a", SHORT, methods),
        Variant("b", SHORT.changed(scenario="low"), methods),
        Variant("c", SHORT.changed(fit=5), methods),
        Variant("d", SHORT.changed(beta=0.1, epochs=20), methods),
    ]
    together = table(experiment.run(cell(*variants)))
    alone = {}
    for variant in variants:
        alone |= table(experiment.run(cell(variant)))
    assert together.keys() == alone.keys()
    for key, value in alone.items():
        assert together[key] == pytest.approx(value, nan_ok=True), key


def test_a_trial_does_not_depend_on_its_neighbours():
    variant = Variant("c", SHORT, ("uniform", "krum", "softmax_blend"))
    both = table(experiment.run(cell(variant, trials=(0, 1))))
    for trial in (0, 1):
        alone = table(experiment.run(cell(variant, trials=(trial,))))
        assert all(both[key] == pytest.approx(value) for key, value in alone.items())


def test_sampling_draws_by_weight_and_differs_from_selection():
    rows = experiment.run(
        cell(
            Variant("selection", SHORT, ("v*r",)),
            Variant("sampling", SHORT.changed(use="sampling"), ("v*r",)),
            trained=False,
        )
    )
    found = table(rows)
    for trial in (0, 1):
        drawn = draw("wine", SHORT, 0, trial)
        weights = signals("wine", drawn, SHORT, 0, trial).s
        expected = weights[~drawn.bad].sum() / weights.sum()
        sampled = found["sampling", "v*r", "selected_clean", trial]
        assert sampled == pytest.approx(expected, abs=4 * np.sqrt(0.25 / drawn.bad.size))
        assert sampled < found["selection", "v*r", "selected_clean", trial]


def test_regression_reports_an_error_in_the_data_s_unit():
    methods = ("uniform", "krum", "oracle")
    rows = experiment.run(cell(Variant("c", SHORT, methods), dataset="diabetes"))
    found = table(rows)
    drawn = draw("diabetes", SHORT, 0, 0)
    guess = np.abs(drawn.test_targets).mean() * drawn.unit  # the mean of the training part
    for method in methods:
        assert 20 < found["c", method, "mae", 0] < 1.5 * guess
    assert not any(metric == "error" for _, _, metric, _ in found)


def test_without_attackers_there_is_nothing_to_tell_apart():
    rows = experiment.run(
        cell(Variant("c", SHORT.changed(beta=0.0), ("uniform", "krum")), trained=False)
    )
    assert {row.metric for row in rows} == {"selected_clean"}


@pytest.mark.parametrize("method", ["out_of_fold", "cleanlab", "loss", "gradient_norm"])
def test_baselines_tell_most_wrong_labels(method):
    rows = experiment.run(
        cell(Variant("c", SHORT.changed(fit=60), (method,)), trials=(0, 1, 2), trained=False)
    )
    aucs = [row.value for row in rows if row.metric == "auc"]
    assert len(aucs) == 3
    assert min(aucs) > 0.75


def test_unknown_method_is_refused_before_any_work():
    with pytest.raises(ValueError, match="unknown method 'kurm'"):
        experiment.run(cell(Variant("c", SHORT, ("kurm",))))
