"""What the parts of a weight are called on a page, where no sentence explains them."""

from __future__ import annotations

from anml_fl.reasons.decided import part_words
from anml_fl.reasons.taken import WORTH


def factor_title(factor: str) -> str:
    """Name a factor of a weight.

    Examples
    --------
    >>> factor_title("worth"), factor_title("company"), factor_title("refused")
    ('worth of v and r', 'company', 'no valid reply')
    """
    return "worth of v and r" if factor == WORTH else part_words(factor)
