"""Boards across backbones: encoders that were not pretrained here, of any architecture, beside each other.

Weights from files have one architecture each, and groups of the other boards are of one. What was pretrained here is
left out: its budget is one of an architecture.
"""

from __future__ import annotations

import pandas as pd

from bench.results.frame import GROUP
from bench.results.leaderboard import detailed_board

ACROSS = [name for name in GROUP if name != "backbone"]
EVERY = "all"


def across_backbones(frame: pd.DataFrame) -> pd.DataFrame:
    """The board of encoders without pretraining, ranked and tested inside (data, profile, task, protocol, settings).

    `frame` is that of `read_frame` or `to_frame`. Groups where weights from files have one backbone alone are left
    out; random weights and other floors stand beside the weights, once a backbone.

    Raises:
        ValueError, StorageError: as `detailed_board`.
    """
    if frame.empty:
        return frame
    chosen = frame[frame["corpus"] == ""]
    several = chosen[chosen["weights"]].groupby(ACROSS)["backbone"].nunique()
    keys = pd.MultiIndex.from_frame(chosen[ACROSS])
    chosen = chosen[keys.isin(several[several > 1].index)]
    if chosen.empty:
        return chosen
    together = chosen.assign(backbone=EVERY)
    together.attrs = frame.attrs
    board = detailed_board(together)
    of_hash = chosen.drop_duplicates("pretraining_hash").set_index("pretraining_hash")["backbone"]  # a hash of it, too
    return board.assign(backbone=board["pretraining_hash"].map(of_hash))
