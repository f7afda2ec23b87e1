"""U-Nets on the feature maps of a backbone, with the decoders of segmentation-models-pytorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from bench.core.errors import UsageError
from bench.core.kind import Features
from tasks.kinds.feature_pyramid import SimpleFeaturePyramid, is_plain
from tasks.kinds.segmentation.attention_gates import add_gates

Architecture = Literal["unet", "unetplusplus", "unet_attention", "unet_scse", "transunet"]
"""U-Net; U-Net++; U-Net with attention gates on its skips; U-Net with concurrent spatial and channel
squeeze-and-excitation in each decoder block; TransUNet."""
STRIDES = (4, 8, 16, 32)


class UNetHead(nn.Module):
    """Decoder and output layer: features of an image (B, 3, H, W) -> logits (B, n_outputs, H, W).

    Skip connections come from the maps at strides 4, 8 and 16 and, where the backbone has one, its stem map at stride
    2; without a stem map, that block of the decoder has no skip. A plain vision transformer, whose maps have one
    stride, gets them through a simple feature pyramid.

    Raises:
        UsageError: the backbone's maps do not have the strides 4, 8, 16 and 32.
    """

    def __init__(
        self, backbone: nn.Module, n_outputs: int, architecture: Architecture, decoder_channels: Sequence[int]
    ) -> None:
        super().__init__()
        from segmentation_models_pytorch.base import SegmentationHead
        from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
        from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
        from segmentation_models_pytorch.decoders.unetplusplus.decoder import UnetPlusPlusDecoder

        self.pyramid = SimpleFeaturePyramid(backbone) if is_plain(backbone) else None
        maps = self.pyramid or backbone
        strides = tuple(getattr(maps, "strides", ()))
        if strides != STRIDES:
            raise UsageError(
                f"A U-Net needs feature maps at strides {STRIDES}; this backbone has {strides}. Choose a ResNet: "
                "bench list backbones."
            )
        stem_channels = int(getattr(backbone, "stem_channels", 0))
        channels: Sequence[int] = maps.channels  # type: ignore[assignment]
        decoder = UnetPlusPlusDecoder if architecture == "unetplusplus" else UnetDecoder
        self.decoder = decoder(
            encoder_channels=(3, stem_channels, *channels),
            decoder_channels=tuple(decoder_channels),
            n_blocks=len(decoder_channels),
            attention_type="scse" if architecture == "unet_scse" else None,
        )
        if architecture == "unet_attention":
            below, skips = (channels[-1], *decoder_channels[:-1]), (*channels[-2::-1], stem_channels, 0)
            add_gates(self.decoder.blocks, below, skips)
        self.output = SegmentationHead(decoder_channels[-1], n_outputs)
        initialize_decoder(self.decoder)
        initialize_head(self.output)

    def forward(self, features: Features) -> Tensor:
        """Logits (B, n_outputs, H, W), at the resolution of the image."""
        features = self.pyramid(features) if self.pyramid is not None else features
        first = features.maps[0]  # (B, C, H / 4, W / 4)
        batch, _, height, width = first.shape
        whole = first.new_empty(batch, 0, 4 * height, 4 * width)  # only its size is read
        stem = features.stem if features.stem is not None else first.new_empty(batch, 0, 2 * height, 2 * width)
        logits: Tensor = self.output(self.decoder([whole, stem, *features.maps]))
        return logits
