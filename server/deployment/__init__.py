"""A federation of processes: keys, SuperLink and SuperNodes, runs that are submitted."""
