"""How contributors behave: a file for each behaviour, which holds an object of its name."""
