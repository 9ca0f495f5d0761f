"""What carries messages between server and nodes."""
