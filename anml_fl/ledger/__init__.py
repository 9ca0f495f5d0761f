"""Who earned what, round by round: a signed chain of entries in a file or a database."""
