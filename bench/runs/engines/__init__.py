"""Engines carry out the runs of a grid, one after the other here or side by side on a cluster; how a grid is cut."""
