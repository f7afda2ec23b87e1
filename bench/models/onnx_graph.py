"""Encoders as ONNX graphs, and what onnxruntime makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from timm.models.vision_transformer_sam import Attention
from torch import Tensor, nn


class Embedder(nn.Module):
    """An encoder with named outputs: images (B, 3, H, W) -> embedding (B, D) and last feature map (B, D, h, w)."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The pooled embedding and the coarsest map."""
        features = self.backbone(images)
        return features.pooled, features.maps[-1]


def graph_bytes(model: nn.Module, images: Tensor) -> bytes:
    """The model as an ONNX graph for images of this size in batches of any."""
    import logging
    import warnings

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch", min=1, max=4096)
    with warnings.catch_warnings(), torch.inference_mode(), _plain_attention(model):
        warnings.simplefilter("ignore")  # the exporter warns about its own parts
        program: Any = torch.onnx.export(
            model,
            (images,),
            input_names=["images"],
            output_names=["embedding", "feature_map"],
            dynamic_shapes={"images": {0: batch}},
            dynamo=True,
            verbose=False,
        )
    data: bytes = program.model_proto.SerializeToString()
    return data


def graph_difference(data: bytes, model: nn.Module, images: Tensor) -> float:
    """Largest relative difference between onnxruntime and torch, at another batch size than the graph was made with."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    several = torch.cat([images, images.flip(3)[:1]])
    with torch.inference_mode():
        expected = model(several)
    found = session.run(None, {"images": several.numpy()})
    return max(float((torch.from_numpy(f) - e).norm() / e.norm()) for f, e in zip(found, expected, strict=True))


@contextmanager
def _plain_attention(model: nn.Module) -> Iterator[None]:
    """Spell SAM's attention out: its queries have three dimensions, and onnxscript translates fused ones of four."""
    fused = [module for module in model.modules() if isinstance(module, Attention) and module.fused_attn]
    try:
        for module in fused:
            module.fused_attn = False
        yield
    finally:
        for module in fused:
            module.fused_attn = True
