"""Models Genesis in 2D: a slice is deformed, and encoder and decoder restore it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import Method, MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.medical.config import GenesisConfig

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


class ModelsGenesis(Method):
    """Zhou et al. 2021 on images instead of volumes, with a decoder on the maps of any encoder."""

    name: ClassVar[str] = "genesis"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Models Genesis (2D)"
    citation: ClassVar[str] = "Zhou et al., Models Genesis, Medical Image Analysis 67 (2021), arXiv 2004.07882"
    config_class: ClassVar[type[MethodConfig]] = GenesisConfig
    restorative: ClassVar[bool] = True
    quick: ClassVar[Mapping[str, Any]] = {"optimizer": "adam", "lr": 1e-3, "schedule": "cosine"}
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.shuffle_rate": Range(0.0, 1.0),
        "method.inpaint_rate": Choice((0.2, 0.5, 0.8)),
    }
    config: GenesisConfig

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """One crop, by `pretrain.crop_min`, deformed (`image`) and as it is (`target`); flips are the method's own."""
        from bench.pretraining.augment import Augmentation
        from methods.medical.restoration import DeformedView

        return DeformedView(Augmentation.of(image_size, self.views, flip_probability=0.0), self.config)

    def build(self, backbone: nn.Module) -> nn.Module:
        """Encoder and decoder."""
        from torch import nn

        from methods.medical.restoration import UNetDecoder

        return nn.ModuleDict({"backbone": backbone, "decoder": UNetDecoder(backbone)})

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Mean squared error of the restored image (Section 3)."""
        from torch.nn.functional import mse_loss

        restored = module["decoder"](module["backbone"](views["image"]), views["image"].shape[-1])
        return {"loss": mse_loss(restored, views["target"])}
