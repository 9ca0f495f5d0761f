"""The command line's groups, one a file: what they import is imported when they are called."""
