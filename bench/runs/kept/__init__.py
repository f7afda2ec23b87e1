"""Models that runs keep, and what they score on the same data or on others."""
