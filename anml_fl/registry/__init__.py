"""What is known about contributors beside their updates: v, r and T."""
