"""Federations in studies: the real apps on the inline engine."""
