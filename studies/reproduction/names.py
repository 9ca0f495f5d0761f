"""What the names in the report stand for: methods, keys of conditions, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.document import Grid, Heading, Text
from studies.sample.recipe import Recipe

if TYPE_CHECKING:
    from studies.reproduction.document import Block

_METHODS = (
    ("krum", "7, 9, 12 to 15, 17, A1", "krum", "The 70 % of highest consistency q alone"),
    ("uniform", "7, 13, 14, 17", "uniform", "All samples, equally"),
    ("softmax", "5, 8, 9, 14, 17", "softmax_blend", "Algorithm 2: q and s blended"),
    ("anml", "12, 13, 15, A1", "softmax_blend", "Algorithm 2, as in the text of these tables"),
    (
        "adaptive",
        "5, 8, 9, 17, A2",
        "two_stage",
        "Algorithm 1: uniform, softmax_blend or krum by stage",
    ),
    ("multiplicative", "5, 11", "q*v", "The product, with the signal s for v and r = 1"),
    ("q*v*r, q*v, q*r, v*r, v, r", "7, 10", "the same", "Products of what the name says"),
    ("q*v*r*T", "7", "q*v*r*T", "The same, with the age factor T"),
    ("softmax_noT", "18", "softmax_blend", "Algorithm 2 without T"),
    ("softmax_T", "18", "softmax_blend*T", "Algorithm 2, its weights times T"),
    ("adaptive_T", "18", "two_stage*T", "Algorithm 1, its weights times T"),
    ("sample", "16", "loss", "Drops the samples of the greatest loss"),
    (
        "contributor",
        "16",
        "loss@contributors",
        "Drops the contributors of the greatest mean loss; so for other scores before @",
    ),
    ("—", "own", "oracle", "Only good samples: what can be reached at best"),
)

_KEYS = {
    "beta": ("beta", ""),
    "rho": ("rho", ""),
    "fit": ("fit", ""),
    "epochs": ("epochs", ""),
    "rate": ("decay_rate", ""),
    "select": ("fraction", ""),
    "fraction": ("train_fraction", "Of the training part; in federations, of contributors"),
    "noise": ("group_noise", "Novices, intermediates, experts"),
    "bonus": ("bonus", ""),
    "tau": ("tau", ""),
    "tau_c": ("tau_c", ""),
    "k": ("neighbours", ""),
    "label_drift": ("drift_rate", "Of the oldest samples: share of stale labels"),
    "feature_drift": ("drift_rate", "Of the oldest samples: shift in standard deviations"),
    "selection, sampling": ("use", ""),
    "high, moderate, low, adversarial, spectrum": ("scenario", ""),
    "flip, aligned": ("attack", ""),
    "naive_flip, credential_faking, gradient_aligned, joint": ("", "Attacks of section 5.12"),
    "white": ("", "Attackers have all that the server has but the test set"),
    "grey": ("", "Attackers know neither the initial weights nor others' credentials"),
    "random": ("", "Share of the attackers who fake credentials, drawn at random"),
    "share": ("", "Share of the attackers who fake credentials, those of highest q"),
    "unfaked": ("", "Attackers have poor credentials and fake none"),
    "subtle": ("", "Share of the corruption that goes to a class that looks alike"),
    "pairs": ("", "Which classes look alike: the paper's by number, or as they are confused"),
    "obvious": ("", "Where other wrong labels go: to one class each, or to any"),
    "samples, contributors": (
        "",
        "How many samples each has, how many contributors there are",
    ),
    "corrupted": ("", "Share of a bad contributor's labels that is corrupted"),
    "spread": ("", "Share of everybody's labels that is corrupted"),
    "alpha": ("", "Of Dirichlet's distribution of labels: less is less even, inf is even"),
    "attackers": ("", "How many attack, or which share"),
    "leave_out": ("", "Who takes no part, and is tested on"),
    "level": ("", "What is weighed: samples, annotators by answers, or in a federation"),
    "model": ("", "What is trained: a Transformer encoder, a CNN or an MLP"),
    "dirichlet": ("", "How unevenly labels are dealt to contributors: less is less even"),
}

_METRICS = (
    ("error", "Share of the test samples that the model gets wrong"),
    (
        "auc",
        "Area under the ROC curve, of a score that tells good samples: 1 is all, 0.5 chance",
    ),
    (
        "selected_...",
        "Share of a group that is selected; selected_clean: clean of the selected",
    ),
    ("branch_...", "Share of the trials in which the two-stage gate takes this branch"),
    ("rho_c", "Correlation of q and s, which stage 2 compares with tau_c"),
    ("rho_product", "corr(q, clean) x corr(s, clean)"),
    ("detectability", "Rank correlation of per-sample loss and corruption, |rho_d|"),
    ("..._kept, kept_...", "Share of a group that is selected"),
    ("right", "Share of true labels among those that a model is taught"),
    ("faked", "Share of the attackers who fake credentials"),
    ("spearman", "Rank correlation, with exact scores or with q + s"),
)


def described(setting: str) -> str:
    """Say what a setting of the recipe is, as the recipe has it.

    Returns
    -------
    str
        Empty for one that it does not have.

    Examples
    --------
    >>> described("beta"), described("betta")
    ('Share of the training samples that is bad.', '')
    """
    field = Recipe.model_fields.get(setting)
    return (field.description or "") if field is not None else ""


def names_blocks() -> tuple[Block, ...]:
    """Explain the names of methods, conditions and metrics."""
    keys = tuple(
        (key, setting or "—", own or described(setting))
        for key, (setting, own) in _KEYS.items()
    )
    return (
        Heading("Names"),
        Text(
            "The paper names one method differently from table to table; its names stand in "
            "the comparisons, ours in what else was measured."
        ),
        Grid(("Paper's name", "In tables", "Ours", "What it is"), _METHODS),
        Text(
            "A condition lists what is set, between semicolons; the rest is as in the recipe "
            "below."
        ),
        Grid(("Key", "Setting", "What it is"), keys),
        Grid(("Metric", "What it is"), _METRICS),
    )
