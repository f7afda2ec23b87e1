"""An adapted model as named tensors."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bench.evaluation.kept.adapted import Adapted, part_of


def test_tensors_have_the_name_of_their_part_first():
    encoder, head = nn.BatchNorm1d(3), nn.Linear(3, 2)
    tensors = Adapted(encoder, head, {"draw0.classes": np.array([0, 1]), "k": np.array(5)}).tensors()
    assert part_of(tensors, "encoder").keys() == encoder.state_dict().keys()
    assert torch.equal(part_of(tensors, "head")["weight"], head.weight)
    assert not part_of(tensors, "head")["weight"].requires_grad
    assert part_of(tensors, "probe")["draw0.classes"].tolist() == [0, 1]
    assert int(part_of(tensors, "probe")["k"]) == 5
    assert part_of(Adapted(encoder).tensors(), "head") == {}
