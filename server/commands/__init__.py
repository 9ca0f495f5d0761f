"""Commands of a federation and its pages, a file for each."""
