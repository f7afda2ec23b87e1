"""Which patches are hidden. Drawn on the CPU, so that a mask is the same on every device."""

from __future__ import annotations

import torch
from lightly.models.utils import random_block_mask, random_grid_token_mask, random_token_mask
from torch import Tensor

from bench.core.errors import UsageError


def random_patches(batch: int, side: int, ratio: float) -> tuple[Tensor, Tensor]:
    """Places of the patches that are kept (B, K) and hidden (B, M), of side x side; K = int(side^2 (1 - ratio))."""
    kept, hidden = random_token_mask((batch, side * side), ratio, mask_class_token=True)
    return kept, hidden


def random_cells(batch: int, side: int, cell: int, ratio: float) -> Tensor:
    """Mask (B, side^2), true for hidden patches: cells of cell x cell patches, the share `ratio` of them, rounded up.

    Raises:
        UsageError: the cells do not fill the image.
    """
    if cell < 1 or side % cell:
        raise UsageError(
            f"Masks of {cell} x {cell} patches do not fill images of {side} x {side} patches. Set method.mask_side to "
            "a multiple of the backbone's patch that divides pretrain.image_size, for one patch the patch itself."
        )
    _, hidden = random_grid_token_mask((batch, side * side), ratio, cell, num_prefix_tokens=0)
    return torch.zeros(batch, side * side, dtype=torch.bool).scatter_(1, hidden, True)


def random_blocks(batch: int, side: int, share: float, low: float, high: float) -> Tensor:
    """Mask (B, side, side) of blocks: in the share `share` of the images `low` to `high` of the patches, evenly spread.

    Images of few patches have blocks of fewer than four.
    """
    least = min(4, int(low * side * side))
    return random_block_mask((batch, side, side), share, low, high, min_num_masks_per_block=least)
