"""Names in the messages between server and contributors."""

ARRAYS = "arrays"
CONFIG = "config"
METRICS = "metrics"
EXAMPLES = "num-examples"
ROUND = "server-round"
# The secret of one node in one round goes out in CONFIG and comes back in ECHO.
ECHO = "echo"
NONCE = "nonce"
# In CONFIG of a message that asks a node who it is, and what comes back. It goes out as one
# for training: a ClientApp calls its mods only for what it has a function for.
ENROL = "enrol"
IDENTITY = "identity"
NAME = "name"
PARTITION = "partition-id"
# What a contributor shows for itself, beside its update: attestations, as compact JWS.
CREDENTIALS = "credentials"
TOKENS = "tokens"
# How to take a model's arrays apart that travel as one; in CONFIG.
LAYOUT = "layout"
# Which code the contributor says it runs: a hash of its files.
CODE = "code"
HASH = "sha256"
# Modules of one's own that a run names, such as a task: each with the hash of its files.
OWN = "own"
# A federation whose data stay on their nodes: which schema all have agreed on, what rows are
# standardised by, and by which name the server knows the node; in CONFIG.
SCHEMA = "schema"
CENTRES, SPREADS = "centres", "spreads"
CONTRIBUTOR = "contributor"
# Counts and sums over a node's rows, asked for before the first round.
ASK_STATISTICS = "query.statistics"
STATISTICS = "statistics"
# What a node says of a model on rows of its own: a claim.
METRIC = "metric"
CLAIM = "claim"
VALUE = "value"
# Statistics travel as JSON, as `anml_fl.tables.statistics` writes it.
JSON = "json"
# The hash of what a node lets leave it.
EGRESS = "egress"
