"""Every study by name: the paper's tables and figures, then our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.own import (
    annotators,
    annotators_federation,
    approximations,
    baselines,
    contributor_curves,
    contributor_skew,
    contributor_updates,
    exploration,
    feature_drift,
    gate_rho,
    gate_stage1,
    hospitals,
    label_skew,
    overhead,
    q_fit_length,
    regression,
    sampling,
    temperature,
    writers,
    zero_attack,
)
from studies.paper import (
    appendix_a1,
    appendix_a2,
    figure_6,
    table_5,
    table_7,
    table_8,
    table_9,
    table_10,
    table_11,
    table_12,
    table_13,
    table_14,
    table_15,
    table_16,
    table_17,
    table_18,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.study import Study

_ALL = (
    table_5.STUDY,
    table_7.STUDY,
    table_8.STUDY,
    table_9.STUDY,
    table_10.STUDY,
    table_11.STUDY,
    table_12.STUDY,
    table_13.STUDY,
    table_14.STUDY,
    table_15.STUDY,
    table_16.STUDY,
    table_17.STUDY,
    table_18.STUDY,
    figure_6.STUDY,
    appendix_a1.STUDY,
    appendix_a2.STUDY,
    q_fit_length.STUDY,
    baselines.STUDY,
    approximations.STUDY,
    gate_stage1.STUDY,
    gate_rho.STUDY,
    zero_attack.STUDY,
    sampling.STUDY,
    feature_drift.STUDY,
    exploration.STUDY,
    temperature.STUDY,
    regression.STUDY,
    overhead.STUDY,
    label_skew.STUDY,
    contributor_updates.STUDY,
    contributor_curves.STUDY,
    contributor_skew.STUDY,
    hospitals.STUDY,
    annotators.STUDY,
    annotators_federation.STUDY,
    writers.STUDY,
)

STUDIES: Mapping[str, Study] = {study.name: study for study in _ALL}
# A figure shows what tables have; and what is about contributors, not samples.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "figure-1": ("table-5",),
    "figure-2": ("table-12", "table-13"),
    "figure-3": ("table-8", "table-14"),
    "figure-4": ("table-15",),
    "figure-5": ("table-16",),
    "contributors": (
        "table-16",
        "contributor-updates",
        "contributor-curves",
        "contributor-skew",
        "hospitals",
        "annotators",
        "annotators-federation",
        "writers",
    ),
}


def chosen(name: str) -> list[Study]:
    """Look a study up; `all` means every one, a figure the tables that it shows.

    Raises
    ------
    ValueError
        If there is no such study; it lists those that there are.

    Examples
    --------
    >>> [study.name for study in chosen("table-7")]
    ['table-7']
    >>> chosen("table-6")
    Traceback (most recent call last):
    ValueError: unknown study 'table-6'; known: all, table-5, table-7, ...
    """
    if name == "all":
        return list(_ALL)
    if name in GROUPS:
        return [STUDIES[one] for one in GROUPS[name]]
    if name not in STUDIES:
        known = ", ".join(["all", *STUDIES, *GROUPS])
        raise ValueError(f"unknown study {name!r}; known: {known}")
    return [STUDIES[name]]
