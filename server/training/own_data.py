"""What those who gathered the data hold, and how well each strategy's model serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file

from anml_fl.datasets.prepare import NATURAL, deal_of
from anml_fl.models.architectures import build
from anml_fl.models.state import error_rate, load_arrays
from anml_fl.run.files import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.config import RunConfig


def holdings(out: Path, config: RunConfig) -> dict[str, Any]:
    """Count each contributor's samples, and test the final models on its own test samples.

    Parameters
    ----------
    out : Path
        The run's folder, every strategy finished.
    config : RunConfig

    Returns
    -------
    dict
        Contributor to `samples` and `errors` by strategy, as in `summary.json`; empty where
        samples were dealt out, and so are nobody's own.
    """
    if config.federation.partition != NATURAL:
        return {}
    dealt = deal_of(config)
    found: dict[str, Any] = {
        name: {"samples": int(part.labels.size), "errors": {}}
        for name, part in zip(dealt.names, dealt.parts, strict=True)
    }
    tested = np.empty(0) if dealt.tested is None else dealt.tested
    model = build(
        config.training.model, dealt.test.features.shape[1], dealt.image, dealt.test.classes, 0
    )
    for strategy in config.strategies:
        load_arrays(model, load_file(out / strategy / MODEL))
        for place, name in enumerate(dealt.names):
            own = np.flatnonzero(tested == place)
            if own.size:
                test = dealt.test.take(own)
                error = error_rate(model, test.features, test.labels)
                found[name]["errors"][strategy] = error
    return found
