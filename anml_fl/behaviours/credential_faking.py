"""Credential faking: flipped labels under forged credentials.

None of what it shows holds. In the paper (section 5.12) faked credentials are believed: that
is a `compromised_issuer` here.
"""

from __future__ import annotations

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._forger import forged_tokens, self_attested
from anml_fl.behaviours.label_flip import mislabelled

credential_faking = Behaviour(
    samples=mislabelled, credentials=forged_tokens, standing=self_attested
)
