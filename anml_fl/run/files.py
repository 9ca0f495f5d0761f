"""The names of all files in a run's folder; nothing is imported, so that any reader can.

`docs/records.md` says what is in each of them.
"""

FORMAT = 1
"""Of a run's folder. A summary that names no format is of this one; what came later within it,
files and fields, is what an older run does not have."""

CONFIG, SUMMARY, MANIFEST = "config.toml", "summary.json", "manifest.json"
SCHEMA = "schema.toml"
"""What the table must hold that the run learned from, where it was one's own."""
STATISTICS = "statistics.json"
"""What the nodes told of their rows, and the scale that all agreed on by it."""
LEDGER, PUBLIC_KEY = "ledger.jsonl", "ledger.pub"
HOLDING = "holding.toml"
"""By which bound payouts are checked before they are settled, where that was asked for."""
DECISIONS = "decisions.jsonl"
"""What became of rounds that were held: signed, and chained to the ledger's close."""
ATTRIBUTION, REPORT = "attribution.json", "report.html"
STATEMENTS = "statements"
"""A folder with what each contributor earned and why, a page and a signed file for each."""
WORTH, WORTH_PARTIAL = "worth.json", "worth.partial.jsonl"
"""Whether joining is worth it; and, while that is found out, what is known so far."""
ERROR = "error.txt"
"""Why the ServerApp ended before the run did; not there after a crash."""
DEPLOYMENT = "deployment.json"
"""Where the federation is on which the run goes on."""
SEED = "server.seed"
"""By which a deployment's server draws: a secret, mode 600, as long as the run goes on."""
LOCK, SUBMITTING = ".lock", ".submitting"
"""Held by who writes to the folder, and by who follows the run on other processes."""

# In a folder of runs that were asked for together:
SWEEP, SWEEP_LOCK = "sweep.toml", ".sweep.lock"
"""What was asked for; and what is held by who writes to the folder."""

# In the folder of a strategy:
ROUNDS, TIMINGS, MODEL = "rounds.jsonl", "timings.jsonl", "model.safetensors"
CHECKPOINT, PREVIOUS = "checkpoint.safetensors", "checkpoint.previous.safetensors"
UPDATES = "updates"
CLAIMS = "claims.jsonl"
"""What the nodes say of each round's model: `round` and `median` in each line."""


def updates_name(strategy: str, number: int) -> str:
    """Name the file of a round's updates, from the run's folder on.

    Examples
    --------
    >>> updates_name("anml", 7)
    'anml/updates/0007.safetensors'
    """
    return f"{strategy}/{UPDATES}/{number:04d}.safetensors"
