"""The joint attack: gradient-aligned poison under forged credentials (section 5.12)."""

from __future__ import annotations

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._forger import forged_tokens, self_attested
from anml_fl.behaviours.gradient_aligned import misplaced

joint = Behaviour(samples=misplaced, credentials=forged_tokens, standing=self_attested)
