"""Images of a corpus as a data set of views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

from bench.core.errors import TrainingError
from bench.engine.decoded import DecodedDataset
from bench.pretraining.balance import balanced, crop_duplicate
from bench.pretraining.corpus import Corpus


class ViewDataset(DecodedDataset):
    """Images of a corpus, transformed to views; decoded once at twice the view size (shorter side).

    With `balance` (a seed), images of rarer modalities occur again, slightly cropped, see `balance.balanced`.
    """

    on_disk = True

    def __init__(
        self, corpus: Corpus, transform: Callable[[Image.Image], Any], image_size: int, balance: int | None = None
    ) -> None:
        images = corpus.images
        shown = [(i, False) for i in range(len(images))]
        if balance is not None:
            shown = balanced([image.modality for image in images], balance)
        sources = [(i.key, i.read) for i in (images[index] for index, _ in shown)]
        super().__init__(sources, 2 * image_size)
        self.duplicate = [again for _, again in shown]
        self.transform = transform

    def __getitem__(self, index: int) -> Any:
        image = self.image(index)
        return self.transform(crop_duplicate(image) if self.duplicate[index] else image)


def effective_batch_size(wanted: int, corpus_size: int, multiple: int) -> int:
    """Largest batch size up to `wanted` that the corpus fills and that is a multiple of `multiple`.

    Raises:
        TrainingError: the corpus is smaller than one batch of `multiple` (at least two) images.
    """
    size = min(wanted, corpus_size) // multiple * multiple
    if size < 2:
        raise TrainingError(
            f"The corpus has {corpus_size} images and the batch size is {wanted}; this method needs batches of a "
            f"multiple of {max(multiple, 2)}. Use a larger corpus, or change pretrain.batch_size."
        )
    return size
