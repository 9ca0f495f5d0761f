"""The data sets that are shipped: a file each, read by a function of its name."""
