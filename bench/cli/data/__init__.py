"""Commands that look at data sets."""
