"""Boards as people read and print them: which columns tell rows apart, which rows are wanted, LaTeX, a terminal."""
