"""A study is a file: its grid, and what running it would do."""
