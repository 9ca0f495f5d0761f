"""The models that are shipped: a file each, built by a function of its name."""
