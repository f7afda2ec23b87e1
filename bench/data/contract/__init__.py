"""What readers must return: one validation, for `bench data verify`, for `bench check` and before a run trains."""
