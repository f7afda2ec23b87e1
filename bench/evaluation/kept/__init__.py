"""Adapted models: what they are made of, and their predictions for other cases."""
