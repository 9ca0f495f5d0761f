"""What the reader must know beside the numbers: what a table measures, and what was open."""

TABLE_16 = (
    "What the columns measure. Ten contributors hold the training samples, dealt evenly; "
    "four of them flip all their labels, a share of them subtly (to a class that looks "
    "alike), the rest obviously (by an offset). |rho_d| is the correlation of the ranks "
    "of per-sample loss with corruption, under a model fitted to all samples. The sample "
    "level drops the samples of the greatest loss, as many as are corrupted; the "
    "contributor level drops the four contributors of the greatest mean loss, with all "
    "their samples. Improvement is 100 (1 - error / error without defence), the ratio "
    "that of the improvements.",
    "What the paper left open. Its pairs are CIFAR's (cat and dog, deer and horse, "
    "airplane and bird) and its data Digits: the first version takes them by class number "
    "and completes them (1-9, 6-8). It obviously flips by +5 modulo 10, which maps 3 to 8 "
    "and 4 to 9, the digits that are really confused: the second version "
    "(pairs=confusion) takes the pairs from a confusion matrix, and the offset with the "
    "least confusion. How long the model is fitted, how much is dropped, how "
    "contributors' scores are aggregated and how large the test set is, the paper does "
    "not say.",
)
"""About Table 16."""

NOTES: dict[str, tuple[str, ...]] = {}
"""About our own studies, by name."""
