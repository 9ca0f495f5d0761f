"""A hunt: search, try the worst again elsewhere, and try what broke other rules."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.run.code_hash import code_hash
from anml_fl.system.files import read_text
from studies.redteam.attack import KNOWLEDGE, Attack
from studies.redteam.known_attacks import known_attacks
from studies.redteam.records import Records
from studies.redteam.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from studies.redteam.evaluation import Found, Target

SEEDS = (0, 1)
"""Of the federations on which attacks are searched."""

FRESH = (100, 101)
"""Of those on which the worst are tried again: a search fits its own seeds."""

ATTACKS = "attacks.json"

# Points below the worst so far from which on a first seed is enough.
_MARGIN = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """What a hunt found.

    Parameters
    ----------
    target : Target
    shares : tuple of float
    tried : int
        Attacks, all shares together.
    worst : mapping
        (share, knowledge) to the attack that did most harm.
    again : mapping
        Share to the worst of all knowledge, on fresh seeds.
    nothing : mapping
        Share to what doing nothing did: the check.
    transferred : tuple of (str, Found)
        Another rule, and what the worst against it did to this one.
    """

    target: Target
    shares: tuple[float, ...]
    tried: int
    worst: dict[tuple[float, str], Found]
    again: dict[float, Found]
    nothing: dict[float, Found]
    transferred: tuple[tuple[str, Found], ...]

    def worst_of(self, share: float) -> Found:
        """The worst of all knowledge at a share."""
        return max(
            (found for (at, _), found in self.worst.items() if at == share),
            key=lambda found: found.harm,
        )


def hunt(
    target: Target,
    shares: Sequence[float],
    budget: int,
    seed: int,
    folder: Path,
    others: Sequence[tuple[str, Attack]] = (),
    progress: Callable[[float, str], None] = lambda share, words: None,
) -> Hunt:
    """Search for the worst attack against a rule.

    Parameters
    ----------
    target : Target
    shares : sequence of float
        Of the contributors that attack.
    budget : int
        Attacks that are searched; what is tried again or transferred comes on top.
    seed : int
        Of the search.
    folder : Path
        Of the evaluations: what is in it is not done again.
    others : sequence of (str, Attack)
        What to transfer, as of `attacks_of`.
    progress : callable
        Told the share that is done, and what was found.

    Raises
    ------
    ValueError
        If the folder holds another search.
    """
    asked = {
        "rule": target.rule,
        "root": target.root,
        "dataset": target.dataset,
        "shares": list(shares),
        "seed": seed,
        "code": code_hash(),
        "redteam": _own_hash(),
    }
    records = Records.open(folder, target, asked)
    worst: dict[tuple[float, str], Found] = {}
    most: dict[float, float] = {}

    def harm(attack: Attack) -> float:
        share = attack.share
        first = records.evaluate(attack, SEEDS[:1])
        hopeless = share in most and first.harm < most[share] - _MARGIN
        # Doing nothing is a check, and tells on all seeds.
        if hopeless and attack not in checks:
            return first.harm
        found = records.evaluate(attack, SEEDS)
        place = share, attack.knowledge
        if place not in worst or found.harm > worst[place].harm:
            worst[place] = found
        most[share] = max(found.harm, most.get(share, found.harm))
        return found.harm

    checks = {known_attacks(share)[0] for share in shares}
    total = budget + len(shares) + len(others)
    done = 0
    for attack, _ in search(shares, budget, seed, harm):
        done += 1
        progress(done / total, f"{attack.share:.0%}: worst +{most[attack.share]:.1f}")
    again = {}
    for share in most:
        at = max((f for (s, _), f in worst.items() if s == share), key=lambda f: f.harm)
        again[share] = records.evaluate(at.attack, FRESH)
        done += 1
        progress(done / total, "the worst on fresh seeds")
    transferred = []
    for rule, attack in others:
        transferred.append((rule, records.evaluate(attack, SEEDS)))
        done += 1
        progress(done / total, f"what broke {rule}")
    return Hunt(
        target=target,
        shares=tuple(share for share in shares if share in most),
        tried=budget,
        worst={
            (share, knows): worst[share, knows]
            for share in shares
            for knows in KNOWLEDGE
            if (share, knows) in worst
        },
        again=again,
        nothing={
            attack.share: records.evaluate(attack, SEEDS)
            for attack in (known_attacks(share)[0] for share in most)
        },
        transferred=tuple(transferred),
    )


def _own_hash() -> str:
    """Hash the files beside this one: another search, or other attacks, are other results."""
    digest = sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def attacks_of(folder: Path, but: Target) -> Iterator[tuple[str, Attack]]:
    """Read the worst of each share from the hunts in a folder, or in its folders.

    Parameters
    ----------
    folder : Path
    but : Target
        Whose own are left out.

    Raises
    ------
    FileNotFoundError
        If there is no hunt.
    ValueError
        If a file is none.
    """
    files = sorted([*folder.glob(ATTACKS), *folder.glob(f"*/{ATTACKS}")])
    if not files:
        raise FileNotFoundError(f"{folder} holds no {ATTACKS}: `anml redteam` writes them")
    for file in files:
        try:
            found = json.loads(read_text(file))
            rule, root = found["rule"], found["root"]
            rows = [(row["share"], row["harm"], row["attack"]) for row in found["worst"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file} is none of a hunt's: {error}") from error
        if (rule, root) == (but.rule, but.root):
            continue
        for share in sorted({share for share, _, _ in rows}):
            _, _, attack = max((row for row in rows if row[0] == share), key=lambda r: r[1])
            yield called(rule, root=root), Attack.from_json(json.dumps(attack))


def called(rule: str, *, root: bool) -> str:
    """Call a target.

    Examples
    --------
    >>> called("calibrated", root=False)
    'calibrated without root set'
    """
    return rule if root else f"{rule} without root set"
