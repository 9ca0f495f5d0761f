"""What each player of a game of one's own is worth, with its standard error."""
