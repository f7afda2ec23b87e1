"""Several findings an image, each there or not: a kind of one's own, and a task of it."""

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from bench import Case, DataSet, Settings, Task, TaskKind
from bench.data.contract.loads import load_image
from bench.engine.datasets import KeptDataset
from bench.engine.images import normalise


class FindingsSettings(Settings):
    """What `--set task.KEY=VALUE` can change; every field has a default."""

    image_size: int = 224


class Images(KeptDataset):
    """Images (3, S, S) with one 0 or 1 for each finding."""

    def __getitem__(self, index):
        image = torch.from_numpy(self.kept(self.cases[index])["image"].copy())
        return normalise(image.permute(2, 0, 1)), torch.tensor(self.cases[index].target, dtype=torch.float32)


class Head(nn.Linear):
    """One logit for each finding, from the pooled embedding."""

    def forward(self, features):
        return super().forward(features.pooled)


class Findings(TaskKind):
    """Binary cross-entropy for each finding; the mean AUROC over the findings that occur and are absent somewhere."""

    name = "findings"
    version = metrics_version = 1
    target = tuple
    settings_class = FindingsSettings
    metrics = ("auroc",)

    def prepare(self, case):
        size = self.settings.image_size
        return {"image": np.asarray(load_image(self.task.data, case).resize((size, size)))}

    def build_head(self, backbone):
        return Head(backbone.embedding_dim, len(self.task.data.classes))

    def dataset(self, cases, *, train):
        return Images(self.kept, cases)

    def loss(self, output, target):
        return binary_cross_entropy_with_logits(output, target)

    def predict(self, output):
        return output.sigmoid().cpu().numpy()

    def score(self, cases, predictions):
        pairs = zip(np.array([case.target for case in cases]).T, predictions.T, strict=True)
        known = [roc_auc_score(truth, found) for truth, found in pairs if 0 < truth.mean() < 1]
        return {"auroc": float(np.mean(known)) if known else None}


class Films:
    """Names tell the findings: `7_nodule_fluid.png`."""

    version = 1
    layout = "{number}_{finding}_{finding}.png"

    def matches(self, folder):
        return any(folder.glob("*_*.png"))

    def read(self, folder):
        files = sorted(folder.glob("*.png"))
        return [Case(f.name, f, tuple(int(c in f.stem) for c in DATA.classes), None) for f in files]


def phantom(folder, seed):
    """Write 40 made-up films: bright ones have nodules, those with a bright half have fluid."""
    random = np.random.default_rng(seed)
    for i in range(40):
        pixels = random.integers(0, 90, (64, 64)) + 80 * (i % 2) + 60 * (np.arange(64) < 32) * (i // 2 % 2)
        name = "_".join([f"{i:02d}", *["nodule"] * (i % 2), *["fluid"] * (i // 2 % 2)])
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{name}_.png")


DATA = DataSet("films", "Films", Films(), ("nodule", "fluid"), modality="X-ray", citation="-", licence="-", obtain="-",
               phantom=phantom)  # fmt: skip
TASK = Task("films", DATA, kind="findings", protocol="finetune", metric="auroc")
