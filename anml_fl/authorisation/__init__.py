"""Who may give orders to a server: the account that runs it, or who has its secret."""
