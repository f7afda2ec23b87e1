"""The proof that loading changed an encoder: its embedding of fixed noise, before and after."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.core.errors import StorageError

SIDE, IMAGES = 64, 4


@torch.inference_mode()
def embed_noise(backbone: nn.Module) -> Tensor:
    """Embeddings (4, D) of four images of fixed Gaussian noise, 64 px or the one side it takes, in evaluation mode.

    No global generator is used.
    """
    side = getattr(getattr(backbone, "layout", None), "side", None) or SIDE
    noise = torch.randn(IMAGES, 3, side, side, generator=torch.Generator().manual_seed(0))
    training = backbone.training
    embedding: Tensor = backbone.eval()(noise).pooled
    backbone.train(training)
    return embedding.clone()


def compare(before: Tensor, after: Tensor, where: str) -> dict[str, float]:
    """Relative distance of two embeddings, their cosine and the norms: what the record stores.

    Raises:
        StorageError: the embedding is not finite, did not change at all, or is the same for every image.
    """
    if not torch.isfinite(after).all():
        raise StorageError(f"{where}: the encoder's embedding of noise is not finite with these weights.")
    if torch.equal(before, after):
        raise StorageError(
            f"{where}: the encoder embeds noise exactly as before loading; the file holds its initial weights, or "
            "every tensor was allowed to be missing."
        )
    if torch.equal(after, after[:1].expand_as(after)):
        raise StorageError(
            f"{where}: the encoder embeds every image as the same numbers with these weights, as one whose tensors are "
            "all zero does. Copy the file again, or name another."
        )
    return {
        "initial_norm": float(before.norm()),
        "loaded_norm": float(after.norm()),
        "relative_distance": float((after - before).norm() / before.norm()),
        "mean_cosine": float(nn.functional.cosine_similarity(before, after).mean()),
    }
