"""What happens to updates before a rule: a file each, which holds a function of its name."""
