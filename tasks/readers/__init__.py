"""Readers: an owner's folder layout on disk -> cases."""
