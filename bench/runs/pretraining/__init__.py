"""Pretraining on its own: one encoder of a run, or of images without any task."""
