"""What masked autoencoders restore: the pixels of patches, and the decoder that gives them back."""

from __future__ import annotations

from typing import Any

from lightly.models.modules import MaskedVisionTransformerDecoderTIMM
from lightly.models.utils import get_at_index, normalize_mean_var, patchify, repeat_token, set_at_index
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn

from bench.models.tokens import patch_side, transformer_of


def pixels_of(images: Tensor, hidden: Tensor, patch: int, normalised: bool = False) -> Tensor:
    """Pixels (B, M, 3 patch^2) of the hidden patches (B, M) of images (B, 3, H, H), each row, column, colour.

    `normalised` gives every patch mean 0 and variance 1 (He et al. 2022, Section 3, Reconstruction target).
    """
    pixels = get_at_index(patchify(images, patch), hidden)
    return normalize_mean_var(pixels) if normalised else pixels


class PixelDecoder(nn.Module):
    """Encoded visible tokens -> pixels of hidden patches (He et al. 2022, Section 3, MAE decoder).

    Its positions are fixed sines and cosines on the grid of the encoder's own image size, interpolated for others.
    """

    def __init__(self, backbone: Any, width: int, depth: int, heads: int) -> None:
        super().__init__()
        model, patch = transformer_of(backbone), patch_side(backbone)
        self.embed = nn.Linear(model.embed_dim, width)
        self.blocks = MaskedVisionTransformerDecoderTIMM(model.patch_embed.num_patches, width, depth, heads)
        self.predict = nn.Linear(width, 3 * patch * patch)

    def forward(self, tokens: Tensor, kept: Tensor, hidden: Tensor, side: int) -> Tensor:
        """Pixels (B, M, 3 patch^2) of the patches `hidden` (B, M).

        Args:
            tokens: (B, 1 + K, D): class token and visible patches.
            kept: (B, 1 + K): places of the tokens, the class token at 0.
            hidden: (B, M): places of hidden patches, the first at 0.
            side: Patches a side of the image.
        """
        whole = repeat_token(self.blocks.mask_token, (len(tokens), 1 + side * side))
        embedded = self.embed(tokens)
        whole = set_at_index(whole.to(embedded.dtype), kept, embedded)
        positions = resample_abs_pos_embed(self.blocks.pos_embed, [side, side], num_prefix_tokens=1)
        decoded = self.blocks.decode(whole + positions)
        predicted: Tensor = self.predict(get_at_index(decoded, hidden + 1))
        return predicted
