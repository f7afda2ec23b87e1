"""Decoding files: how images are opened and turned, their values as stored, masks, and what is remarked on files."""
