"""Every study by name: the paper's tables and figures, then our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.own import (
    approximations,
    baselines,
    exploration,
    feature_drift,
    gate_rho,
    gate_stage1,
    label_skew,
    overhead,
    q_fit_length,
    regression,
    sampling,
    temperature,
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
)

STUDIES: Mapping[str, Study] = {study.name: study for study in _ALL}
# A figure shows what tables have.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "figure-1": ("table-5",),
    "figure-2": ("table-12", "table-13"),
    "figure-3": ("table-8", "table-14"),
    "figure-4": ("table-15",),
}


def chosen(name: str) -> list[Study]:
    """Look a study up; `all` means every one, and a figure the tables that it shows.

    Parameters
    ----------
    name : str

    Returns
    -------
    list of Study

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
    if name in FIGURES:
        return [STUDIES[table] for table in FIGURES[name]]
    if name not in STUDIES:
        known = ", ".join(["all", *STUDIES, *FIGURES])
        raise ValueError(f"unknown study {name!r}; known: {known}")
    return [STUDIES[name]]
