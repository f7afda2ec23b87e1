"""The method: two views -> embeddings -> graphs -> affinities -> matching -> Hamming distance to the true matching."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from bench.core.errors import TrainingError
from bench.core.kind import Features
from bench.core.method import Method, MethodConfig, Progress
from bench.core.settings import Range, SearchSpace
from methods.lvmmed.config import LVMMedConfig

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

    from methods.lvmmed.imle import Matcher
    from methods.lvmmed.module import LVMMedModule
    from methods.lvmmed.views import Views


class LVMMed(Method):
    """LVM-Med (Nguyen et al. 2023): match two views of a batch as graphs of vertices and edges.

    The defaults are the published settings. Starting from random weights at small scale they barely learn: the paper
    starts from ImageNet or SAM weights, with 200 graphs a step. `quick` lists what differs there.
    """

    name: ClassVar[str] = "lvmmed"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "LVM-Med"
    citation: ClassVar[str] = (
        "Nguyen et al., LVM-Med: Learning Large-Scale Self-Supervised Vision Models for Medical Imaging via "
        "Second-order Graph Matching, NeurIPS 2023, arXiv:2306.11925"
    )
    config_class: ClassVar[type[MethodConfig]] = LVMMedConfig
    quick: ClassVar[Mapping[str, Any]] = {
        "residual": True,
        "projector_norm": "batch",
        "lr": 1e-3,
        "schedule": "cosine",
        "gumbel_scale": 0.1,
    }
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.4, "grey": 0.0}
    """The paper names crop, flip, jitter and blur without their strengths: VICRegL's, and no grey. Crops from 0.4 are
    of VICRegL's large views."""
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "without_second_order": {"second_order": False},
        "without_message_passing": {"message_passing": False},
        "without_gumbel_noise": {"noise": "constant"},
        "without_local_similarity": {"local_similarity": False},
        "alpha_0.7": {"alpha": 0.7},
        "alpha_0.9": {"alpha": 0.9},
        "nodes_8": {"nodes": 8},
        "nodes_32": {"nodes": 32},
        "nodes_64": {"nodes": 64},
        "lambda_1": {"lambda_": 1.0},
        "lambda_2": {"lambda_": 2.0},
        "lambda_5": {"lambda_": 5.0},
        "null_lambda_100": {"lambda_": 100.0},  # from about 20 on Adam takes the same step, docs/ablation.md
        "gumbel_scale_0.03": {"gumbel_scale": 0.03},
        "gumbel_scale_0.3": {"gumbel_scale": 0.3},
        "gumbel_scale_1": {"gumbel_scale": 1.0},
        "monte_carlo_4": {"monte_carlo_samples": 4},
        "without_residual": {"residual": False},
        "without_projector_norm": {"projector_norm": "none"},
        "without_residual_and_norm": {"residual": False, "projector_norm": "none"},
    }
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.gumbel_scale": Range(0.03, 1.0, log=True),
        "method.alpha": Range(0.6, 0.95),
    }
    config: LVMMedConfig

    @property
    def batch_multiple(self) -> int:
        """N: a batch is cut into graphs of N images."""
        return self.config.nodes

    def view_transform(self, image_size: int) -> Callable[[Image], Views]:
        """RGB image to two views (3, image_size, image_size) and their boxes, see `views.Views`."""
        from methods.lvmmed.views import TwoViews
        from methods.views import alike

        return TwoViews(alike(image_size, self.views))

    def build(self, backbone: nn.Module) -> LVMMedModule:
        """Add projector and message passing to a backbone with `embedding_dim`."""
        from methods.lvmmed.module import LVMMedModule

        return LVMMedModule(backbone, self.config)

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> dict[str, Tensor]:
        """Mean Hamming distance of a graph's matching to the true one (Eq. 5), from 0 to 2 N, and what to log.

        Args:
            module: From `build`.
            views: Collated `Views` of B images.
            progress: Unused.

        Returns:
            Scalars `loss`; `hamming`, the same; `matching_accuracy`, the share of images whose other view is the
            nearest of its graph in vertex affinity, without noise; `matching_accuracy_noisy`, of the matching of
            perturbed affinities; `affinity_true` and `affinity_false`, mean vertex affinities of true and false pairs.

        Raises:
            TrainingError: If B is not a multiple of `nodes`, or an affinity is not finite.
        """
        import torch

        from methods.lvmmed.imle import hamming_distance, match
        from methods.lvmmed.module import matching_quality

        module = cast("LVMMedModule", module)
        self._check_batch(len(views["images"][0]))
        encoded = [module.backbone(images) for images in views["images"]]
        with torch.autocast(views["images"][0].device.type, enabled=False):
            c_v, c_e, edges_s, edges_t = self.affinities(module, encoded, views["boxes"])
            v = match(c_v, c_e, edges_s, edges_t, self._matcher())  # (G, N, N)
            v_true = torch.eye(self.config.nodes, device=v.device).expand_as(v)
            loss = hamming_distance(v, v_true).mean()
        return {"loss": loss, "hamming": loss.detach(), **matching_quality(c_v.detach(), v.detach())}

    def affinities(
        self, module: LVMMedModule, encoded: list[Features], boxes: list[Tensor]
    ) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """What the loss matches, see `LVMMedModule.affinities`; variants change here which images make a graph."""
        return module.affinities(encoded, boxes)

    def _matcher(self) -> Matcher:
        from methods.lvmmed.imle import Matcher

        config = self.config
        return Matcher(
            lambda_=config.lambda_,
            noise=config.noise,
            gumbel_scale=config.gumbel_scale,
            samples=config.monte_carlo_samples,
            restarts=config.solver_restarts,
            iterations=config.solver_iterations,
        )

    def _check_batch(self, batch: int) -> None:
        nodes = self.config.nodes
        if batch == 0 or batch % nodes:
            raise TrainingError(
                f"LVM-Med: a batch of {batch} images cannot be cut into graphs of {nodes}. Use a batch size that is "
                f"a multiple of {nodes} and drop the last incomplete batch, or change `nodes`."
            )
