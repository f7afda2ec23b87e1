"""Encoders: specifications, building, checkpoints, export."""
