"""Layouts of data sets that files declare, entry points of `bench.layouts`, and their readers."""
