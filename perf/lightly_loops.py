"""Pretraining loops as lightly's documented examples write them: the yardstick of `pretrain_speed.py`.

A PyTorch data set of image files that Pillow decodes in every epoch, lightly's transform, a DataLoader with workers, a
ResNet without its classifier, lightly's head and loss, and a plain optimiser loop.
"""

import copy
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torchvision
from lightly.loss import DINOLoss, NegativeCosineSimilarity, NTXentLoss
from lightly.models.modules import (
    BYOLPredictionHead,
    BYOLProjectionHead,
    DINOProjectionHead,
    SimCLRProjectionHead,
)
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.transforms import BYOLTransform, DINOTransform, SimCLRTransform
from lightly.transforms.byol_transform import BYOLView1Transform, BYOLView2Transform
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "simclr": torch.optim.Adam,
    "byol": torch.optim.Adam,
    "dino": torch.optim.AdamW,
}


class ImageFiles(Dataset[Any]):
    def __init__(self, files: list[Path], transform: Callable[[Image.Image], Any]) -> None:
        self.files = files
        self.transform = transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB"))


class SimCLR(nn.Module):
    def __init__(self, backbone: nn.Module, width: int, config: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = SimCLRProjectionHead(width, config.hidden_dim, config.projection_dim)
        self.criterion = NTXentLoss(temperature=config.temperature)

    def forward(self, views: list[Tensor]) -> Tensor:
        z0, z1 = (self.head(self.backbone(view).flatten(start_dim=1)) for view in views)
        return self.criterion(z0, z1)

    def update(self) -> None:
        pass


class BYOL(nn.Module):
    def __init__(self, backbone: nn.Module, width: int, config: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = BYOLProjectionHead(width, config.hidden_dim, config.projection_dim)
        self.predictor = BYOLPredictionHead(config.projection_dim, config.hidden_dim, config.projection_dim)
        self.teacher = copy.deepcopy(nn.Sequential(self.backbone, nn.Flatten(), self.projector))
        deactivate_requires_grad(self.teacher)
        self.criterion = NegativeCosineSimilarity()

    def forward(self, views: list[Tensor]) -> Tensor:
        p0, p1 = (self.predictor(self.projector(self.backbone(v).flatten(start_dim=1))) for v in views)
        with torch.no_grad():
            z0, z1 = (self.teacher(v) for v in views)
        return 0.5 * (self.criterion(p0, z1) + self.criterion(p1, z0))

    def update(self) -> None:
        update_momentum(nn.Sequential(self.backbone, nn.Flatten(), self.projector), self.teacher, m=0.99)


class DINO(nn.Module):
    def __init__(self, backbone: nn.Module, width: int, config: Any) -> None:
        super().__init__()
        sizes = (width, config.hidden_dim, config.bottleneck_dim, config.output_dim)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            self.student = nn.Sequential(backbone, nn.Flatten(), DINOProjectionHead(*sizes, freeze_last_layer=1))
            head = DINOProjectionHead(*sizes)
        self.teacher = nn.Sequential(copy.deepcopy(backbone), nn.Flatten(), head)
        deactivate_requires_grad(self.teacher)
        self.criterion = DINOLoss(output_dim=config.output_dim, warmup_teacher_temp_epochs=5)

    def forward(self, views: list[Tensor]) -> Tensor:
        with torch.no_grad():
            teacher = [self.teacher(v) for v in views[:2]]
        return self.criterion(teacher, [self.student(v) for v in views], epoch=0)

    def update(self) -> None:
        update_momentum(self.student, self.teacher, m=0.99)


MODELS: dict[str, Callable[[nn.Module, int, Any], nn.Module]] = {"simclr": SimCLR, "byol": BYOL, "dino": DINO}


def transform(name: str, size: int, config: Any) -> Callable[[Image.Image], Any]:
    if name == "simclr":
        return SimCLRTransform(input_size=size, cj_strength=0.5)
    if name == "byol":
        return BYOLTransform(BYOLView1Transform(input_size=size), BYOLView2Transform(input_size=size))
    local = round(size * config.local_ratio)
    return DINOTransform(global_crop_size=size, local_crop_size=local, n_local_views=config.local_views)


class LightlyLoop:
    """One method's loop; `epoch` yields after every step."""

    def __init__(
        self,
        name: str,
        backbone: str,
        config: Any,
        files: list[Path],
        batch: int,
        size: int,
        workers: int,
        device: str,
        bf16: bool,
    ) -> None:
        resnet = torchvision.models.get_model(backbone, weights=None)
        width = resnet.fc.in_features
        self.device, self.bf16 = device, bf16
        self.model = MODELS[name](nn.Sequential(*list(resnet.children())[:-1]), width, config).to(device)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = OPTIMIZERS[name](trained, lr=1e-3)
        self.loader = DataLoader(
            ImageFiles(files, transform(name, size, config)),
            batch_size=batch,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
        )

    def epoch(self) -> Iterator[None]:
        for views in self.loader:
            moved = [view.to(self.device) for view in views]
            with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bf16):
                loss = self.model(moved)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.model.update()
            if self.device == "cuda":
                torch.cuda.synchronize()
            yield
