"""The rules: a file each, which holds a function of its name, from a cohort to a decision."""
