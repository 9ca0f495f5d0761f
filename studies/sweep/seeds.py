"""The seeds that runs are repeated with, as the command line has them."""

from __future__ import annotations

import re

from anml_fl.settings.section import ConfigError

MOST_RUNS = 10_000
"""Of one sweep: more are a slip of the finger."""

_PART = re.compile(r"\s*(\d{1,19})\s*(?:-\s*(\d{1,19})\s*)?", re.ASCII)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds: numbers and ranges, whose ends both count.

    Parameters
    ----------
    text : str
        Parted by commas, each in [0, 2**63).

    Raises
    ------
    ConfigError
        If a part is neither, a range runs backwards, or a seed comes twice or too many.

    Examples
    --------
    >>> parse_seeds("0-2,7")
    (0, 1, 2, 7)
    >>> parse_seeds("4-0")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: --seeds: 4-0 runs backwards: give 0-4
    """
    found: dict[int, None] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ConfigError(
                f"--seeds: must be whole numbers and ranges such as 0-4 or 0,3,7, got {part!r}"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ConfigError(f"--seeds: {first}-{last} runs backwards: give {last}-{first}")
        if last >= 2**63:
            raise ConfigError(f"--seeds: must be below 2**63, got {last}")
        if len(found) + last - first >= MOST_RUNS:
            raise ConfigError(f"--seeds: at most {MOST_RUNS:,} seeds, got more by {part!r}")
        for seed in range(first, last + 1):
            if seed in found:
                raise ConfigError(f"--seeds: {seed} is given twice: give it once")
            found[seed] = None
    return tuple(found)


def written_seeds(seeds: tuple[int, ...]) -> str:
    """Write seeds as they are given, neighbours as a range.

    Examples
    --------
    >>> written_seeds((0, 1, 2, 7)), written_seeds((3, 4))
    ('0-2,7', '3,4')
    """
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ",".join(
        f"{one[0]}-{one[-1]}" if len(one) > 2 else ",".join(map(str, one)) for one in parts
    )
