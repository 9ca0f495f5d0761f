"""Digits by a small convolutional network."""
