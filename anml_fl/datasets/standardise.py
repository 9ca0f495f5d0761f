"""Put features on one scale, by what the training samples say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.impute import SimpleImputer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.table import Table


def standardised(table: Table, train: NDArray[np.intp]) -> NDArray[np.float32]:
    """Take z-scores by the training samples' means and spreads; indicators stay as they are.

    What is missing becomes the training samples' median; zero where all of theirs is missing.

    Parameters
    ----------
    table : Table
    train : (m,) int
        Indices of the training samples.

    Returns
    -------
    (n, d) float32
        Of all samples.

    Raises
    ------
    ValueError
        If a value is not finite, or so far from all training samples' that its score is not.

    Examples
    --------
    >>> from anml_fl.datasets.loading import load
    >>> features = standardised(load("wine"), np.arange(178))
    >>> bool(abs(features.mean()) < 1e-6), bool(abs(features.std() - 1) < 1e-6)
    (True, True)
    """
    features = table.features
    if np.isnan(features).any():
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        features = imputer.fit(features[train]).transform(features)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(table.indicators, 0.0, features[train].mean(axis=0))
        spread = np.where(table.indicators, 1.0, features[train].std(axis=0))
        # Rounding gives what is constant a spread of its own, which would blow noise up.
        spread[spread <= train.size * np.finfo(np.float64).eps * np.abs(mean)] = 1.0
        scores = ((features - mean) / spread).astype(np.float32)
    if not (finite := np.isfinite(scores)).all():
        row, column = (int(place) for place in np.argwhere(~finite)[0])
        raise ValueError(
            f"feature {column} of row {row}, counted from 0, is not finite, or too far from"
            " the training samples' to be standardised with them"
        )
    return scores
