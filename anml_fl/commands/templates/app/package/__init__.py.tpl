"""A federated app."""
