"""What methods that restore hidden patches have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import Method

if TYPE_CHECKING:
    from PIL.Image import Image


class MaskedMethod(Method):
    """Restores pixels of patches that a vision transformer was not shown; the one that is evaluated is shown all."""

    transformer_only: ClassVar[bool] = True
    restorative: ClassVar[bool] = True

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """One view (3, H, W), crop and flip alone, as published."""
        from methods.masked.views import plain_view

        return plain_view(image_size, self.views)
