"""Intervals and differences over seeds and cases, from the cases of stored records."""
