"""Contestants beside each other: the best of a board, two by name, mean ranks over data sets."""
