"""An attack in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.redteam.attack import Attack

KNOWLEDGE = {
    "own": "own data alone",
    "updates": "all honest updates",
    "rule": "the rule too",
    "root": "the rule and its root set",
}
"""What attackers know, in the words of a table."""

_LABELS = {
    "random": "a random wrong class",
    "shift": "the next class",
    "target": "class 0",
    "pairs": "the class most alike",
}
_DIRECTIONS = {
    "flip": "their own update with its sign changed",
    "mean": "minus the mean of the {seen} updates",
    "alie": "the mean of the {seen} updates less {scale:g} standard deviations",
}
_CREDENTIALS = {
    "none": "",
    "honest": "credentials like an honest one's",
    "bought": "v = r = 1 bought",
}
_HIDING = {
    "half": "the most poison each round that keeps half of an honest weight",
    "greedy": "each round the blend with the honest update that harms most",
}


def in_words(attack: Attack) -> str:
    """Say what the attackers do.

    Examples
    --------
    >>> from studies.redteam.attack import Attack
    >>> in_words(Attack())
    'nothing'
    >>> in_words(Attack(labels="shift", credentials="bought", claim=3.0))
    'every label to the next class; v = r = 1 bought; 3 x the own example count claimed'
    """
    said = [
        *_trained(attack),
        *_sent(attack),
        _CREDENTIALS[attack.credentials],
        f"{attack.claim:g} x the own example count claimed" if attack.claim > 1 else "",
    ]
    return "; ".join(filter(None, said)) or "nothing"


def _trained(attack: Attack) -> list[str]:
    if attack.direction in _DIRECTIONS:
        seen = "honest" if attack.knows_updates else "attackers' own honest"
        return [_DIRECTIONS[attack.direction].format(seen=seen, scale=attack.scale)]
    if attack.labels == "none":
        return []
    share = "every label" if attack.poisoned == 1 else f"{attack.poisoned:.0%} of the labels"
    said = [f"{share} to {_LABELS[attack.labels]}"]
    if attack.alignment:
        said.append(f"features pulled {attack.alignment:.0%} of the way to it")
    if attack.rehearsal:
        whose = "of the root set" if attack.knows_root else "of their own"
        said.append(f"{attack.rehearsal:.0%} of the training rows right ones {whose}")
    return said


def _sent(attack: Attack) -> list[str]:
    idle = attack.direction == "trained" and attack.labels == "none"
    said = []
    if attack.scale != 1 and attack.direction != "alie":
        said.append(f"the update times {attack.scale:g}")
    if attack.copies:
        noise = f" with noise of {attack.jitter:g} of its length" if attack.jitter else ""
        said.append(f"all send one update{noise}")
    if attack.hiding in _HIDING and not idle:
        said.append(_HIDING[attack.hiding])
    elif attack.blend < 1 and not idle:
        said.append(f"{attack.blend:.0%} of it beside the honest update")
    if attack.timing == "turncoat":
        said.append(f"honest in the first {attack.start:.0%} of the rounds")
    if attack.timing == "on_off":
        said.append("in every other round")
    return said
