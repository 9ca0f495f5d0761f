"""`anml arena`: every attack against every rule, on the same federations."""
