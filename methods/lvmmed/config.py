"""Settings of LVM-Med. Defaults are the published values, or what the paper's sources use where it is silent."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from bench.core.method import LR_SCALING, LRScaling, MethodConfig


class LVMMedConfig(MethodConfig):
    """Settings of LVM-Med; Table 6, Table 9, Fig. 5 and Fig. 6 each change one of them.

    Raises:
        ValueError: If a value is out of range, or if `neighbours` is not less than `nodes`.
    """

    optimizer: Literal["adam", "adamw", "lars", "sgd"] = Field("adam", description="Optimiser of the pretraining.")
    lr: float = Field(2e-3, gt=0, description="Peak learning rate (2e-3 at batches of 3200 and 2800).")
    lr_scaling: LRScaling = Field("none", description=f"{LR_SCALING} The paper states no rule.")
    gradient_clip: float | None = Field(
        None, gt=0, description="Maximum gradient norm; unset: no clipping (the paper states none)."
    )
    schedule: Literal["cosine", "constant", "halve_four_times"] = Field(
        "halve_four_times", description="Learning-rate schedule."
    )

    nodes: int = Field(16, ge=2, description="N, images of one graph; 8, 16, 32, 64 in Fig. 5.")
    neighbours: int = Field(5, ge=1, description="k, neighbours each node has an edge to; less than `nodes`.")
    projection_dim: int = Field(128, ge=1, description="Width of the projector's output and of the message passing.")
    projector_norm: Literal["none", "batch"] = Field(
        "none", description="`batch` centres and scales the projector's output over the batch; not in the paper."
    )
    residual: bool = Field(False, description="Add the message passing's input to its output; not in the paper.")

    alpha: float = Field(0.8, ge=0, le=1, description="Weight of the global part of vertex affinities, Eq. 3.")
    gamma: int = Field(20, ge=1, description="Best local pairs kept, all if a map has fewer cells; VICRegL keeps 20.")
    local_combination: Literal["mean", "sum"] = Field(
        "mean", description="How location- and feature-based parts combine: `mean` (Appendix A) or `sum` (Eq. 2)."
    )

    second_order: bool = Field(True, description="Ablation: match edges too; otherwise linear assignment of vertices.")
    message_passing: bool = Field(True, description="Ablation: use the graph convolutions of Eq. 1.")
    local_similarity: bool = Field(True, description="Ablation: local similarities in vertex affinities, Eq. 3.")
    noise: Literal["gumbel", "constant"] = Field(
        "gumbel",
        description="Ablation: perturb affinities with Gumbel noise (I-MLE), or add its mean as a constant to each, "
        "which leaves the black-box differentiation of Vlastelica et al. 2020.",
    )
    gumbel_scale: float = Field(1.0, ge=0, description="Scale of the Gumbel noise.")
    monte_carlo_samples: int = Field(1, ge=1, description="Noise samples a step whose matchings are averaged.")

    lambda_: float = Field(80.0, gt=0, description="Step of the implicit gradient, Algorithm 1; 70-100 in Fig. 6.")
    solver_restarts: int = Field(
        16, ge=1, description="Most searches for each graph matching problem; fewer where several agree."
    )
    solver_iterations: int | None = Field(
        None, ge=1, description="Swaps of each search; by default 100 (nodes / 16)^2, at least 100."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.neighbours >= self.nodes:
            raise ValueError(
                f"neighbours={self.neighbours} must be less than nodes={self.nodes}: a node has {self.nodes - 1} others"
            )
        return self
