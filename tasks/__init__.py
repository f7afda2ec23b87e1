"""Downstream tasks: one declaration per file, found through the entry-point group `bench.tasks`."""
