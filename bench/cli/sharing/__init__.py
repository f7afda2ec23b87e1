"""`bench results`."""
