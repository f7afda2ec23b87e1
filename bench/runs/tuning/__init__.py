"""Choosing settings on validation, with as many trials for each method."""
