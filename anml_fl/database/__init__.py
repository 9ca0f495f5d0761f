"""The database of registry and ledger: opened, checked, and brought to the newest version."""
