"""Plugins before they are used: what a file of one's own defines, and what each plugin must have."""
