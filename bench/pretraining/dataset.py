"""Images of a corpus as a data set of views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from bench.core.errors import TrainingError
from bench.core.versions import parts
from bench.data.cache import DiskCache
from bench.engine.datasets import KeptDataset
from bench.engine.images import shrink
from bench.engine.kept import Arrays, KeptCases
from bench.pretraining.augment import is_declared
from bench.pretraining.balance import balanced, crop_duplicate
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.listed_images import modalities_of, taken
from bench.pretraining.views.resize import Pixels


class ViewDataset(KeptDataset):
    """Images of a corpus, transformed to views; decoded once at twice the view size (shorter side).

    A transform that is no declaration of this project (`augment.is_declared`) gets Pillow images.

    With `balance` (a seed), images of rarer modalities occur again, slightly cropped, see `balance.balanced`. Decoded
    images are kept in `files` where it is given.
    """

    def __init__(
        self,
        corpus: Corpus,
        transform: Callable[..., Any],
        image_size: int,
        balance: int | None = None,
        files: DiskCache | None = None,
    ) -> None:
        shown = corpus.images
        self.duplicate = np.zeros(len(shown), bool)
        if balance is not None:
            drawn = balanced(modalities_of(shown), balance)
            shown = taken(shown, np.array([index for index, _ in drawn]))
            self.duplicate = np.array([again for _, again in drawn])
        super().__init__(keep_images(2 * image_size, files), shown, n_different=len(corpus.images))
        self._corpus = corpus
        self.transform = transform

    def pixels(self, index: int) -> Pixels:
        """The image (H, W, 3) that an item shows, uncut; not to be written to."""
        return self.kept(self.cases[index])["image"]

    @property
    def fingerprint(self) -> str:
        """That of the corpus."""
        return self._corpus.fingerprint

    def __getitem__(self, index: int) -> Any:
        pixels = self.pixels(index)
        if self.duplicate[index]:
            pixels = crop_duplicate(pixels)
        return self.transform(pixels if is_declared(self.transform) else Image.fromarray(pixels))


def keep_images(shorter_side: int, files: DiskCache | None = None) -> KeptCases[CorpusImage]:
    """Images of any corpus as `image` (H, W, 3), uint8, with the shorter side at most `shorter_side` pixels."""

    def prepare(image: CorpusImage) -> Arrays:
        return {"image": np.asarray(shrink(image.read(), shorter_side))}

    origin = ["corpus", parts("images", "volumes"), shorter_side]
    return KeptCases(prepare, lambda image: repr(image.key), origin, files)


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
