"""No credentials: nothing is known of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.provenance import Reputation, Verification

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.scenarios._draw import Credentials


def unknown(honest: bool, rng: np.random.Generator) -> Credentials:
    """Give everybody the cold-start defaults: nothing is known of anybody. As in `high`."""
    return Verification.SELF_ATTESTED.middle, Reputation.NEW.middle
