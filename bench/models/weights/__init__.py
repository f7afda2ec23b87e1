"""Weights from files as contestants: reading, recognising, translating and matching checkpoints of other programs."""
