"""An adapted model: the encoder, and a head or what a probe of its embeddings predicts by; as named tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Adapted:
    """What made the predictions of a run."""

    encoder: nn.Module
    """As it was after the adaptation; a frozen one as it was before."""
    head: nn.Module | None = None
    """None where a probe was fitted on embeddings."""
    fitted: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Such a probe's arrays, see `Adaptation.fitted`."""

    def tensors(self) -> dict[str, Tensor]:
        """All of it by name: `encoder.`, `head.` and `probe.` with the names of the parts."""
        modules = {"encoder": self.encoder} | ({"head": self.head} if self.head else {})
        states = {f"{part}.{name}": value for part, m in modules.items() for name, value in m.state_dict().items()}
        arrays = {f"probe.{name}": torch.from_numpy(np.array(value)) for name, value in self.fitted.items()}
        return {name: value.detach().cpu().contiguous() for name, value in {**states, **arrays}.items()}


def part_of(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """The tensors of `encoder`, `head` or `probe`, under their names there."""
    return {name.partition(".")[2]: value for name, value in tensors.items() if name.partition(".")[0] == part}
