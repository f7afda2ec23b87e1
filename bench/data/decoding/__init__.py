"""Decoding image files: images, and masks."""
