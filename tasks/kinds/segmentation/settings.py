"""Settings of the segmentation engines."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from bench.core.settings import Settings
from tasks.kinds.segmentation.unet import Architecture

Plane = Literal["auto", "sagittal", "coronal", "axial"]
Channels = Annotated[int, Field(ge=16)]


class SegmentationSettings(Settings):
    """How images are prepared and augmented, and the decoder."""

    image_size: int = Field(
        224, ge=32, multiple_of=32, description="Side of the input in pixels; images are resized to a square."
    )
    architecture: Architecture = Field(
        "unet",
        description="unet, unetplusplus, unet_attention (gates on the skips), unet_scse (squeeze-and-excitation), or "
        "transunet (transformers only; the others give them a feature pyramid).",
    )
    decoder_channels: tuple[Channels, Channels, Channels, Channels, Channels] = Field(
        (256, 128, 64, 32, 16), description="Channels of the decoder's blocks, coarsest first."
    )
    flip: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Probability of a left-right flip in training; unset: 0.5, and 0 where structures have a side.",
    )
    rotate_degrees: float = Field(15.0, ge=0, le=180, description="Largest rotation in training, either way.")
    zoom: float = Field(0.1, ge=0, lt=1, description="Largest relative change of scale in training, either way.")
    brightness: float = Field(0.2, ge=0, le=1, description="Largest relative change of brightness and of contrast.")


class VolumeSettings(SegmentationSettings):
    """How volumes are normalised and cut into slices."""

    plane: Plane = Field(
        "auto",
        description="Plane of the slices; auto: across the axis with the largest voxel spacing, axial where equal.",
    )
    window: tuple[float, float] | None = Field(
        None, description="Intensities mapped to [0, 1], such as a CT window in HU; else percentiles 0.5 and 99.5."
    )

    @field_validator("window")
    @classmethod
    def _check_window(cls, window: tuple[float, float] | None) -> tuple[float, float] | None:
        if window is not None and not window[0] < window[1]:
            raise ValueError("the first intensity must be below the second, such as [-160, 240]")
        return window
