"""TransUNet's cascaded upsampler on a plain vision transformer."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from torch import Tensor, nn

from bench.core.errors import UsageError
from bench.core.kind import Features
from tasks.kinds.feature_pyramid import is_plain


class TransUNetHead(nn.Module):
    """Features of an image (B, 3, H, W) -> logits (B, n_outputs, H, W).

    Chen et al. 2021 (TransUNet, Section 3.3): the last tokens, as a map, go through a 3 x 3 convolution and blocks that
    each double the resolution, take a skip connection and convolve twice. TransUNet takes the skips from a ResNet
    before its transformer; a plain transformer has none, so they come from its earlier maps through transposed
    convolutions, as in UNETR (Hatamizadeh et al. 2022). `decoder_channels` are the first convolution's and the blocks'.

    Raises:
        UsageError: the backbone is no plain transformer with patches of 8 or 16 pixels.
    """

    def __init__(self, backbone: nn.Module, n_outputs: int, decoder_channels: Sequence[int]) -> None:
        super().__init__()
        from segmentation_models_pytorch.base import SegmentationHead
        from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
        from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder

        strides = tuple(getattr(backbone, "strides", ()))
        if not is_plain(backbone) or strides[0] not in (8, 16):
            raise UsageError(
                f"TransUNet needs a transformer with patches of 8 or 16 pixels; this backbone has maps at strides "
                f"{strides}. Choose vit_b_16, or another architecture with --set task.architecture=unet."
            )
        self.doublings = round(log2(strides[0]))
        dim = int(backbone.embedding_dim)  # type: ignore[arg-type]
        width, blocks = decoder_channels[0], list(decoder_channels[1 : 1 + self.doublings])
        self.first = nn.Sequential(nn.Conv2d(dim, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.skips = nn.ModuleList(_skip(dim, blocks[k], k + 1) for k in range(self.doublings - 1))  # coarse to fine
        self.decoder = UnetDecoder(
            encoder_channels=(3, *reversed(blocks[:-1]), width),
            decoder_channels=blocks,
            n_blocks=self.doublings,
        )
        self.output = SegmentationHead(blocks[-1], n_outputs)
        for part in (self.first, self.skips, self.decoder):
            initialize_decoder(part)
        initialize_head(self.output)

    def forward(self, features: Features) -> Tensor:
        """Logits (B, n_outputs, H, W), at the resolution of the image."""
        *earlier, last = features.maps  # (B, D, H / patch, W / patch) each
        batch, _, height, width = last.shape
        whole = last.new_empty(batch, 0, height << self.doublings, width << self.doublings)  # only its size is read
        skips = [skip(tokens) for skip, tokens in zip(self.skips, reversed(earlier), strict=False)]
        logits: Tensor = self.output(self.decoder([whole, *reversed(skips), self.first(last)]))
        return logits


def _skip(dim: int, channels: int, doublings: int) -> nn.Sequential:
    """Tokens as a map (B, dim, h, w) -> (B, channels, 2^doublings h, 2^doublings w)."""
    layers: list[nn.Module] = []
    for _ in range(doublings):
        layers += [nn.ConvTranspose2d(dim, channels, 2, stride=2), nn.BatchNorm2d(channels), nn.ReLU()]
        dim = channels
    return nn.Sequential(*layers)
