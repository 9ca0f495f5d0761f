"""`anml redteam`: search for the attack that harms a rule most, and report the worst found."""
