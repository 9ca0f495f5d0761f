"""One federation over seeds and settings: a folder, a table and a page of all its runs."""
