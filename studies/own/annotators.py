"""59 real annotators: how near weights come to true accuracy, and what their labels teach."""

from __future__ import annotations

from studies.crowd.experiment import run
from studies.crowd.settings import CrowdSettings
from studies.study import Study, Variant

LESSONS = (
    "truth",
    "gold",
    "majority_vote",
    "answers",
    "krum",
    "out_of_fold",
    "two_stage@krum",
    "two_stage@probability",
    "two_stage@out_of_fold",
    "two_stage@out_of_fold/annotators",
    "two_stage@out_of_fold/vote",
    "two_stage@out_of_fold/scored_vote/top",
    "dawid_skene",
    "dawid_skene/top",
    "crowdlab",
    "crowdlab/top",
)
"""What is trained on; `crowd.training_labels.TrainingLabels` has the names."""


def variants(dataset: str) -> tuple[Variant, ...]:
    """List lengths of the fit, and an institution that vouches for all; one is trained."""
    return (
        Variant("v=0.25;fit=50", CrowdSettings(), LESSONS),
        Variant("v=0.65;fit=50", CrowdSettings(v=0.65), ()),
        Variant("v=0.25;fit=100", CrowdSettings(fit=100), ()),
    )


STUDY = Study(
    name="annotators",
    title="59 real annotators, and what becomes of their labels",
    source="absent from the paper",
    trials={"labelme": 10},
    variants=variants,
    run=run,
    block={"labelme": 5},
)
