"""How reliable the credentials of simulated contributors are: a file for each scenario."""
