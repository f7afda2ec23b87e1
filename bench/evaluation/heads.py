"""Heads of the `mlp` protocols: hidden layers in front of the head that a task kind builds."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from bench.core.kind import Features, TaskKind
from bench.evaluation.settings import MlpSettings, ProtocolSettings


class HiddenLayers(nn.Module):
    """Linear layers with ReLU: (B, D) -> (B, hidden[-1]). Stands in for a backbone where a kind asks for its size."""

    def __init__(self, embedding_dim: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.embedding_dim = hidden[-1]
        widths = (embedding_dim, *hidden)
        self.layers = nn.Sequential()
        for inputs, outputs in pairwise(widths):
            self.layers.append(nn.Linear(inputs, outputs)).append(nn.ReLU())

    def forward(self, embedding: Tensor) -> Tensor:
        """Embedding (B, D) -> (B, hidden[-1])."""
        output: Tensor = self.layers(embedding)
        return output


class MlpHead(nn.Module):
    """Hidden layers on the pooled embedding, then a kind's own head; feature maps pass unchanged."""

    def __init__(self, hidden: HiddenLayers, head: nn.Module) -> None:
        super().__init__()
        self.hidden = hidden
        self.head = head

    def forward(self, features: Features) -> Tensor:
        """The kind's output for `Features` with pooled (B, D)."""
        output: Tensor = self.head(features._replace(pooled=self.hidden(features.pooled)))
        return output


def build_head(kind: TaskKind, backbone: nn.Module, settings: ProtocolSettings) -> nn.Module:
    """The kind's head, behind hidden layers where the protocol has any.

    LVM-Med's variant head has 512 and 256 (brain tumour) or 512 and 128 (FGADR) hidden units; that paper names no
    dropout or normalisation, and there is none here.
    """
    if not isinstance(settings, MlpSettings):
        return kind.build_head(backbone)
    embedding_dim: int = backbone.embedding_dim  # type: ignore[assignment]
    hidden = HiddenLayers(embedding_dim, settings.hidden)
    return MlpHead(hidden, kind.build_head(hidden))
