"""What `anml doctor` examines of an installation, a file for each part of it."""
