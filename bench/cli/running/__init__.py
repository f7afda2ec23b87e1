"""The commands that run something, plan it, or score what was kept."""
