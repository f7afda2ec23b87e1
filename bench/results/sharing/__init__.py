"""Results that are shared: checked again from what is stored, packed, and merged."""
