"""Tables that others published, tried with our rules and attacks."""
