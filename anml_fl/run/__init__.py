"""What a run writes and reads: names, rounds, checkpoints, updates, and their audit."""
