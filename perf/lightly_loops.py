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
from lightly.loss import (
    BarlowTwinsLoss,
    DINOLoss,
    NegativeCosineSimilarity,
    NTXentLoss,
    SwaVLoss,
    VICRegLLoss,
    VICRegLoss,
)
from lightly.models.modules import (
    BarlowTwinsProjectionHead,
    BYOLPredictionHead,
    BYOLProjectionHead,
    DINOProjectionHead,
    MoCoProjectionHead,
    SimCLRProjectionHead,
    SwaVProjectionHead,
    SwaVPrototypes,
)
from lightly.models.modules.heads import VicRegLLocalProjectionHead, VICRegProjectionHead
from lightly.models.modules.memory_bank import MemoryBankModule
from lightly.models.utils import batch_shuffle, batch_unshuffle, deactivate_requires_grad, update_momentum
from lightly.transforms import (
    BYOLTransform,
    DINOTransform,
    MoCoV2Transform,
    SimCLRTransform,
    SwaVTransform,
    VICRegTransform,
)
from lightly.transforms.byol_transform import BYOLView1Transform, BYOLView2Transform
from lightly.transforms.vicregl_transform import VICRegLTransform
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "simclr": torch.optim.Adam,
    "byol": torch.optim.Adam,
    "dino": torch.optim.AdamW,
    **dict.fromkeys(("moco_v2", "barlow_twins", "vicreg", "vicregl", "swav"), torch.optim.Adam),
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


class MoCo(nn.Module):
    def __init__(self, backbone: nn.Module, width: int, config: Any) -> None:
        super().__init__()
        head = MoCoProjectionHead(width, config.hidden_dim, config.projection_dim)
        self.student = nn.Sequential(backbone, nn.Flatten(), head)
        self.teacher = copy.deepcopy(self.student)
        deactivate_requires_grad(self.teacher)
        self.criterion = NTXentLoss(config.temperature, memory_bank_size=(config.queue_length, config.projection_dim))

    def forward(self, views: list[Tensor]) -> Tensor:
        query = self.student(views[0])
        shuffled, order = batch_shuffle(views[1])
        return self.criterion(query, batch_unshuffle(self.teacher(shuffled), order))

    def update(self) -> None:
        update_momentum(self.student, self.teacher, m=0.99)


class TwoViews(nn.Module):
    """Barlow Twins and VICReg: a head and a loss of two projections."""

    def __init__(self, backbone: nn.Module, head: nn.Module, criterion: nn.Module) -> None:
        super().__init__()
        self.student, self.criterion = nn.Sequential(backbone, nn.Flatten(), head), criterion

    def forward(self, views: list[Tensor]) -> Tensor:
        return self.criterion(*map(self.student, views))

    def update(self) -> None:
        pass


def barlow_twins(backbone: nn.Module, width: int, config: Any) -> nn.Module:
    head = BarlowTwinsProjectionHead(width, config.projection_dim, config.projection_dim)
    return TwoViews(backbone, head, BarlowTwinsLoss())


def vicreg(backbone: nn.Module, width: int, config: Any) -> nn.Module:
    head = VICRegProjectionHead(width, config.projection_dim, config.projection_dim)
    return TwoViews(backbone, head, VICRegLoss())


class VICRegL(nn.Module):
    def __init__(self, backbone: nn.Module, width: int, config: Any) -> None:
        super().__init__()
        self.layers, self.pool = nn.Sequential(*list(backbone.children())[:-1]), nn.AdaptiveAvgPool2d(1)
        self.head = VICRegProjectionHead(width, config.projection_dim, config.projection_dim)
        self.local_head = VicRegLLocalProjectionHead(width, config.local_dim, config.local_dim)
        self.criterion = VICRegLLoss(alpha=config.alpha, num_matches=config.matches)

    def forward(self, views: list[Tensor]) -> Tensor:
        features = []
        for view in views[:2]:
            maps = self.layers(view)
            features.append((self.head(self.pool(maps).flatten(1)), self.local_head(maps.permute(0, 2, 3, 1))))
        return self.criterion(features, views[2:]).squeeze()

    def update(self) -> None:
        pass


class SwAV(nn.Module):
    def __init__(self, backbone: nn.Module, width: int, config: Any) -> None:
        super().__init__()
        head = SwaVProjectionHead(width, config.hidden_dim, config.projection_dim)
        self.student = nn.Sequential(backbone, nn.Flatten(), head)
        self.prototypes = SwaVPrototypes(config.projection_dim, config.prototypes)
        size = (config.queue_length, config.projection_dim)
        self.queues = nn.ModuleList(MemoryBankModule(size, feature_dim_first=False) for _ in range(2))
        self.criterion = SwaVLoss(config.temperature, config.iterations, config.epsilon)

    def forward(self, views: list[Tensor]) -> Tensor:
        self.prototypes.normalize()
        z = [nn.functional.normalize(self.student(view), dim=1) for view in views]
        scores = [self.prototypes(x) for x in z]
        stored = [queue(x, update=True)[1] for queue, x in zip(self.queues, z, strict=False)]
        with torch.no_grad():
            queued = [self.prototypes(x) for x in stored]
        return self.criterion(scores[:2], scores[2:], queued).squeeze()

    def update(self) -> None:
        pass


MODELS: dict[str, Callable[[nn.Module, int, Any], nn.Module]] = {
    "simclr": SimCLR,
    "byol": BYOL,
    "dino": DINO,
    "moco_v2": MoCo,
    "barlow_twins": barlow_twins,
    "vicreg": vicreg,
    "vicregl": VICRegL,
    "swav": SwAV,
}


def transform(name: str, size: int, config: Any) -> Callable[[Image.Image], Any]:
    if name == "simclr":
        return SimCLRTransform(input_size=size, cj_strength=0.5)
    if name == "moco_v2":
        return MoCoV2Transform(input_size=size)
    if name == "vicreg":
        return VICRegTransform(input_size=size)
    if name == "vicregl":
        return VICRegLTransform(global_crop_size=size, n_local_views=0, global_grid_size=-(-size // 32))
    if name == "swav":
        sizes = (size, round(size * config.local_ratio))
        return SwaVTransform(crop_sizes=sizes, crop_counts=(2, config.local_views))
    if name in ("byol", "barlow_twins"):
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
