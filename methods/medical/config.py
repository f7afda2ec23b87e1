"""Settings of the pretexts of medical imaging; defaults are the published values, each with its source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.core.method import MethodConfig
from bench.core.settings import OptimizerName


class GenesisConfig(MethodConfig):
    """Published values of Models Genesis, in 3D: defaults of the authors' repository, `pytorch/config.py` and
    `pytorch/Genesis_Chest_CT.py` of MrGiovanni/ModelsGenesis."""

    optimizer: OptimizerName = Field(
        "sgd", description="Optimiser of the pretraining, momentum 0.9 (Genesis_Chest_CT)."
    )
    lr: float = Field(1.0, gt=0, description="Peak learning rate at any batch (1 at a batch of 6: config.py).")
    schedule: Literal["cosine", "constant", "halve_four_times"] = Field(
        "halve_four_times", description="Learning-rate schedule (halved every 40 epochs: Genesis_Chest_CT)."
    )
    nonlinear_rate: float = Field(0.9, ge=0, le=1, description="Chance of other grey levels (0.9: config.py).")
    shuffle_rate: float = Field(0.5, ge=0, le=1, description="Chance of shuffled windows (0.5: config.py).")
    paint_rate: float = Field(0.9, ge=0, le=1, description="Chance that something is painted over (0.9: config.py).")
    inpaint_rate: float = Field(
        0.2, ge=0, le=1, description="Share of it inside windows; the rest is outside of them (0.2: config.py)."
    )
    flip_rate: float = Field(0.4, ge=0, le=1, description="Chance of a flip, up to three in a row (0.4: config.py).")


class VoCoConfig(MethodConfig):
    """Published values of VoCo, in 3D: defaults of the authors' repository (Luffy03/VoCo), `voco_train.py`,
    `models/voco_head.py` and `utils/data_utils.py`."""

    optimizer: OptimizerName = Field("adamw", description="Optimiser of the pretraining (AdamW: voco_train.py).")
    lr: float = Field(1e-4, gt=0, description="Peak learning rate at any batch (1e-4: voco_train.py).")
    weight_decay: float = Field(0.01, ge=0, description="Weight decay (AdamW's own 0.01: voco_train.py).")
    warmup_fraction: float = Field(
        0.02, ge=0, lt=1, description="Share of all steps with linear warm-up (5000 of 250000: voco_train.py)."
    )
    momentum: float = Field(0.9, ge=0, le=1, description="Teacher momentum, constant (0.9: voco_head.py).")
    grid: int = Field(4, ge=2, description="Base crops a side of the image (4: data_utils.py).")
    crops: int = Field(2, ge=1, description="Random crops of an image (2: sw_batch_size of voco_train.py).")
    hidden_dim: int = Field(2048, ge=1, description="Hidden units of the projection head (2048: voco_head.py).")
    projection_dim: int = Field(2048, ge=1, description="Size of the projection (2048: voco_head.py).")
    base_weight: float = Field(1.0, ge=0, description="Weight of the base crops' discrepancy (1: voco_train.py).")
