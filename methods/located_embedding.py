"""What methods share that compare cells of feature maps: where each lies in the image, and a head for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from methods.joint_embedding import JointEmbedding

if TYPE_CHECKING:
    from PIL.Image import Image


class LocatedEmbedding(JointEmbedding):
    """Two views that remember where they were cut; the part `cells` projects the cells of the last feature map."""

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """The two views of `augmentations` with their crop boxes, see `methods.lvmmed.views.Views`."""
        from methods.lvmmed.views import TwoViews

        return TwoViews(self.augmentations(image_size))

    def embed(self, module: Any, views: Any) -> Any:
        """Of each view the projection (B, P), those of its cells (B, R, S, L), and their places (B, R, S, 2)."""
        from methods.lvmmed.views import cell_centres

        found = []
        for images, boxes in zip(views["images"], views["boxes"], strict=True):
            features = module["backbone"](images)
            cells = features.maps[-1].permute(0, 2, 3, 1)  # (B, R, S, C)
            rows, columns = cells.shape[1:3]
            local = module["cells"](cells.flatten(0, 2)).unflatten(0, cells.shape[:3])
            places = cell_centres(boxes, rows, columns).unflatten(1, (rows, columns))
            found.append((module["head"](features.pooled).float(), local.float(), places))
        return found
