"""Iris by logistic regression."""
