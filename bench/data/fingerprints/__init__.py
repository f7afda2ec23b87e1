"""Fingerprints of files: hashed in threads, and kept so that a later command need not read what did not change."""
