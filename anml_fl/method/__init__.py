"""The method: pure functions, arrays in, frozen records out."""
