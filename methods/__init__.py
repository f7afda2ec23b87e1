"""Pretraining methods: one plugin per file, found through the entry-point group `bench.methods`."""
