"""Settings of the methods that restore patches; defaults are the published values, each with its source."""

from __future__ import annotations

from pydantic import Field, model_validator

from bench.core.method import LR_SCALING, LRScaling, MethodConfig
from bench.core.settings import OptimizerName
from methods.dino import DINOConfig


class MAEConfig(MethodConfig):
    """Published values for ViT-B and ViT-L, 800 epochs, batch 4096: He et al. 2022, and PRETRAIN.md of the authors'
    repository (facebookresearch/mae)."""

    optimizer: OptimizerName = Field("adamw", description="Optimiser of the pretraining (AdamW: Table 8).")
    lr: float = Field(1.5e-4, gt=0, description="Peak learning rate at a batch of 256 (1.5e-4: Table 8).")
    lr_scaling: LRScaling = Field("linear", description=f"{LR_SCALING} (Table 8)")
    weight_decay: float = Field(0.05, ge=0, description="Weight decay (0.05: Table 8).")
    warmup_fraction: float = Field(
        0.05, ge=0, lt=1, description="Share of all steps with linear warm-up (40 of 800 epochs: PRETRAIN.md)."
    )
    mask_ratio: float = Field(0.75, gt=0, lt=1, description="Share of the patches that are hidden (75 %: Section 4.1).")
    decoder_depth: int = Field(8, ge=1, description="Blocks of the decoder (8: Table 1a).")
    decoder_dim: int = Field(512, ge=4, multiple_of=4, description="Width of the decoder (512: Table 1b).")
    decoder_heads: int = Field(16, ge=1, description="Heads of its attention; they divide the width (16: repository).")
    norm_pixels: bool = Field(
        True, description="Restore patches that were given mean 0 and variance 1 (Table 1d; PRETRAIN.md)."
    )

    @model_validator(mode="after")
    def _check_heads(self) -> MAEConfig:
        if self.decoder_dim % self.decoder_heads:
            raise ValueError(f"decoder_heads={self.decoder_heads} does not divide decoder_dim={self.decoder_dim}")
        return self


class SimMIMConfig(MethodConfig):
    """Published values of SimMIM, batch 2048: for ViT-B/16 the authors' configuration file, and where a pretraining of
    100 epochs has others than one of 800, the paper's (Section 4.1)."""

    optimizer: OptimizerName = Field("adamw", description="Optimiser of the pretraining (AdamW: Section 4.1).")
    lr: float = Field(
        5e-5, gt=0, description="Peak learning rate at a batch of 256 (1e-4 at 512: vit_base__800ep of the repository)."
    )
    lr_scaling: LRScaling = Field("linear", description=f"{LR_SCALING} (main_simmim.py)")
    weight_decay: float = Field(0.05, ge=0, description="Weight decay (0.05: Section 4.1).")
    warmup_fraction: float = Field(
        0.1, ge=0, lt=1, description="Share of all steps with linear warm-up (10 of 100 epochs: Section 4.1)."
    )
    gradient_clip: float | None = Field(
        5.0, gt=0, description="Maximum gradient norm; unset: no clipping (5.0: config.py of the repository)."
    )
    mask_ratio: float = Field(0.6, gt=0, lt=1, description="Share of the cells that are hidden (60 %: Section 4.1).")
    mask_side: int = Field(
        32, ge=1, description="Side in pixels of the cells that are hidden, a multiple of the patch (32: Section 4.1)."
    )


class IBOTConfig(DINOConfig):
    """Published values for ViT-S/16, batch 1024: Zhou et al. 2022, Section 4, and of the authors' repository
    (bytedance/ibot) the README's command and the defaults of `main_ibot.py`. What is not here is as in DINO."""

    optimizer: OptimizerName = Field("adamw", description="Optimiser of the pretraining (AdamW: Section 4).")
    lr: float = Field(5e-4, gt=0, description="Peak learning rate at a batch of 256 (5e-4: Section 4).")
    weight_decay: float = Field(
        0.04, ge=0, description="Weight decay, constant here (0.04, rising to 0.4: main_ibot.py)."
    )
    output_dim: int = Field(
        8192, ge=2, description="Number of prototypes, the same for class and patch tokens (8192: Section 4)."
    )
    teacher_temperature: float = Field(
        0.07, gt=0, description="Teacher temperature after its warm-up from 0.04, of class and patches (0.07: README)."
    )
    teacher_warmup_epochs: int = Field(
        30, ge=0, description="Epochs of the teacher temperature's linear warm-up (30: README)."
    )
    local_views: int = Field(10, ge=0, description="Number of local crops (10: README).")
    masked_views: float = Field(
        0.5, ge=0, le=1, description="Share of the global views that have hidden patches (0.5: Section 4)."
    )
    mask_low: float = Field(0.1, ge=0, le=1, description="Least share of such a view's patches (0.1: Section 4).")
    mask_high: float = Field(0.5, ge=0, le=1, description="Largest share of its patches (0.5: Section 4).")

    @model_validator(mode="after")
    def _check_masks(self) -> IBOTConfig:
        if self.mask_low > self.mask_high:
            raise ValueError(f"mask_low={self.mask_low} is larger than mask_high={self.mask_high}")
        return self
