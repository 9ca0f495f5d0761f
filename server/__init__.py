"""The server's side: ServerApp, engines, results."""
