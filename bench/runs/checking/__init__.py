"""Checks of plugins at work, on made-up images: `bench check`, `bench.testing`, and the part before a pretraining."""
