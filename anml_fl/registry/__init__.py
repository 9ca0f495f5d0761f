"""What a server holds of contributors beside their updates: v, r and T."""
