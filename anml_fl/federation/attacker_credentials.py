"""Which credentials attackers have, whatever else they do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.behaviour import behaviour, is_honest
from anml_fl.behaviours._forger import forged_tokens, self_attested
from anml_fl.behaviours.compromised_issuer import compromised_issuer
from anml_fl.method.provenance import Reputation, Verification

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.behaviour import Behaviour
    from anml_fl.registry.memory import Standing
    from anml_fl.settings.attackers import Attackers

MODERATE = 0.62
"""v and r: s = v r = .38 passes the first stage of the gate, whose threshold is .35."""


def with_credentials(name: str, attacks: Attackers) -> Behaviour:
    """Look a behaviour up, with the credentials that `attacks.credentials` gives attackers.

    - own: as the behaviour has it;
    - absent: nobody knows it, and it shows nothing: the cold start, v = .25 and r = .40;
    - moderate: the registry holds v = r = .62, which it got by small means; it shows nothing;
    - bought: what an issuer that the registry trusts really signed, though compromised, and
      a good record: v = .85 once it has shown it, r of U(.65, .85). What the paper's section
      5.12 calls faked, and believes;
    - faked: seven kinds of forged tokens, of which none holds: v = .25, and r as its scenario
      draws it; each refusal is recorded.

    Parameters
    ----------
    name : str
        Of a behaviour.
    attacks : Attackers

    Returns
    -------
    Behaviour
        An honest one as it is.

    Raises
    ------
    UnknownNameError, UnusableError
        As of `behaviour.behaviour`.

    Examples
    --------
    >>> from anml_fl.settings.attackers import Attackers
    >>> with_credentials("alie", Attackers()).credentials is None
    True
    >>> with_credentials("alie", Attackers(credentials="faked")).credentials is forged_tokens
    True
    """
    found = behaviour(name)
    if attacks.credentials == "own" or is_honest(name):
        return found
    if attacks.credentials == "bought":
        shown, standing = compromised_issuer.credentials, compromised_issuer.standing
    elif attacks.credentials == "faked":
        shown, standing = forged_tokens, self_attested
    else:
        shown, standing = None, _unknown if attacks.credentials == "absent" else _moderate
    return replace(found, credentials=shown, standing=standing)


def _unknown(standing: Standing, rng: np.random.Generator) -> Standing:
    v, r = Verification.SELF_ATTESTED.middle, Reputation.NEW.middle
    return replace(standing, v=v, r=r, record=(0.0, 0.0, 0))


def _moderate(standing: Standing, rng: np.random.Generator) -> Standing:
    return replace(standing, v=MODERATE, r=MODERATE)
