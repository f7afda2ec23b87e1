"""Data sets on disk: reading, splits, duplicates, phantoms, and the cache of decoded arrays."""
