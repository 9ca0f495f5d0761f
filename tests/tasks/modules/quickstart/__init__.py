"""The public shape of a PyTorch quickstart, on digits."""
