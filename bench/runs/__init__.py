"""The story: what was asked, plan, resolve, run, record."""
