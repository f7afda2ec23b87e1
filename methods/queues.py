"""Embeddings of earlier batches, first in, first out, as a part of a module's state."""

from __future__ import annotations

from collections.abc import Sequence

from lightly.models.modules.memory_bank import MemoryBankModule
from torch import Tensor, nn


def keep(bank: nn.Module) -> nn.Module:
    """Put the contents of lightly's memory bank into the module's state: without them a run could not be continued."""
    for name, buffer in list(bank.named_buffers()):
        bank.register_buffer(name, buffer, persistent=True)
    return bank


class Queues(nn.Module):
    """lightly's memory bank, once for each view."""

    def __init__(self, views: int, length: int, width: int) -> None:
        super().__init__()
        self.length = length
        banks = (MemoryBankModule((length, width), feature_dim_first=False) for _ in range(views))
        self.banks = nn.ModuleList(map(keep, banks))

    def forward(self, embedded: Sequence[Tensor], step: int) -> list[Tensor]:
        """The contents (length, P) of every queue, which then takes in a batch (B, P) that has a gradient.

        Nothing until it is full, at step `length` / B, and nothing at all for batches as large as the queue.
        """
        if len(embedded[0]) >= self.length:
            return []
        contents = [bank(z, update=z.requires_grad)[1] for bank, z in zip(self.banks, embedded, strict=True)]
        return contents if step * len(embedded[0]) >= self.length else []
