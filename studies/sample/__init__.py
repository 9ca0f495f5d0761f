"""Sample-level experiments: data, signals, methods, trials, and the cells that they run in."""
