"""Data sets and tasks that a user's TOML files declare, without code."""
