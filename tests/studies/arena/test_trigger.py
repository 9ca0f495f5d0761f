"""How well a trigger works, counted row by row."""

from __future__ import annotations

import numpy as np

from anml_fl.federation.run_task import task_of
from anml_fl.models.state import outputs_of
from studies.arena.pairing import pairing
from studies.arena.trigger import SUCCESS, opened
from studies.federations.run import federate


def test_it_is_the_share_of_other_classes_rows_that_are_taken_for_the_target(tiny):
    cell = pairing("fedavg", "backdoor", tiny).cells()[0]
    flat = cell.variants[0].recipe.flat("digits", 0)
    done = federate(**{name.replace("-", "_"): value for name, value in flat.items()})
    attacks, task = done.config.attacks, task_of(done.config)
    test, target = task.data.test, attacks.trigger_target
    features = test.features.copy()
    features[:, -attacks.trigger_size :] = attacks.trigger_value
    taken = outputs_of(task.model_of(done.models["fedavg"]), features).argmax(1)
    expected = np.mean(
        [t == target for t, y in zip(taken, test.labels, strict=True) if y != target]
    )
    assert opened(done) == {SUCCESS: expected}


def test_it_is_measured_of_those_who_have_one_alone(tiny):
    of = {
        attack: {
            row.metric
            for one in (pairing("fedavg", attack, tiny),)
            for row in one.run(one.cells()[0])
        }
        for attack in ("backdoor", "label_flip")
    }
    assert SUCCESS in of["backdoor"]
    assert of["backdoor"] - {SUCCESS} == of["label_flip"]
