"""A table of one's own: reading it in any form, its schema, its statistics, its encoding."""
