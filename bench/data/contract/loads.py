"""What a reader's `load_*` must return: every part of a case is loaded through these, and checked as it comes.

Where a reader has no `load_image` or `load_volume`, the file is decoded as an image, or as NIfTI.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from bench.core.errors import BenchError, DataError, PluginError
from bench.core.escape import one_line
from bench.core.reading import reading
from bench.core.task import Case, DataSet, Reader, Volume
from bench.data.decoding.images import read_image
from bench.data.volumes import check_finite, is_volume, read_grid, read_intensities

Fault = tuple[str, str] | None
"""What is wrong with a part, and the fix; None where nothing is."""


def load_image(data_set: DataSet, case: Case) -> Image.Image:
    """8-bit RGB image (H x W) of a case. Raises `DataError` naming the file and the reader, as all of these do."""
    image: Image.Image = _load(data_set, case, "load_image", lambda case: read_image(case.image))
    return image


def load_masks(data_set: DataSet, case: Case) -> np.ndarray:
    """(C, H, W) bool, one channel for each of `DataSet.classes`."""
    masks: np.ndarray = _load(data_set, case, "load_masks")
    return masks


def load_region(data_set: DataSet, case: Case) -> np.ndarray | None:
    """(H, W) bool, the pixels that count; None for all, and where the reader knows none."""
    region: np.ndarray | None = _load(data_set, case, "load_region", lambda case: None)
    return region


def load_volume(data_set: DataSet, case: Case) -> Volume:
    """Intensities (X, Y, Z) of a case."""
    volume: Volume = _load(data_set, case, "load_volume", _read_nifti)
    return volume


def load_labels(data_set: DataSet, case: Case) -> Volume:
    """Labels (X, Y, Z), whole numbers up to the number of classes."""
    labels: Volume = _load(data_set, case, "load_labels")
    return labels


def decodes_volume(reader: Reader, case: Case) -> bool:
    """Whether a case is a volume that only its reader decodes: not NIfTI, or NIfTI that it does not read as it is."""
    plain = is_volume(case.image) and getattr(reader, "plain_nifti", False)
    return hasattr(reader, "load_volume") and not plain


def shows_volume(reader: Reader, case: Case) -> bool:
    """Whether a case is a volume: its reader says so, or where that decodes nothing, the name of its file."""
    return hasattr(reader, "load_volume") or (is_volume(case.image) and not hasattr(reader, "load_image"))


def part_problems(data_set: DataSet, case: Case) -> tuple[list[str], int]:
    """Problems of all parts of a case, each loaded once, and its rounded voxels: what `bench data verify` lists."""
    found: dict[str, Any] = {}
    problems = []
    for name, load in loaders(data_set.reader).items():
        try:
            found[name] = _load(data_set, case, name, load)
        except BenchError as error:
            problems.append(str(error))
    if not problems and (fault := _mismatch(found)):
        problems.append(_text(data_set, case, *fault))
    return problems, sum(getattr(value, "n_rounded", 0) for value in found.values())


def loaders(reader: Reader) -> Mapping[str, Callable[[Case], Any]]:
    """The methods `load_*` of a reader, each of which loads one part of a case; else one that decodes its image."""
    found = {name: method for name, method in inspect.getmembers(reader, callable) if name.startswith("load_")}
    return found or {"load_image": lambda case: read_image(case.image)}


def _load(data_set: DataSet, case: Case, name: str, default: Callable[[Case], Any] | None = None) -> Any:
    """One part of a case, checked."""
    reader = data_set.reader
    load = getattr(reader, name, default)
    if load is None:
        needed = f"def {name}(self, case)"
        raise PluginError(f"The reader {type(reader).__name__} of {data_set.name!r} lacks {name}. Add `{needed}`.")
    where = f"{type(reader).__name__}.{name}"
    advice = f"Restore this file from the owner's archive, or correct {where}."
    with reading(case.image, advice, what=f"{where} cannot load it"):
        value = load(case)
    check = _CHECKS.get(name)
    fault = check(value, case, len(data_set.classes)) if check else None
    if fault:
        raise DataError(_text(data_set, case, f"{where} gave {fault[0]}", fault[1]))
    return value


def _text(data_set: DataSet, case: Case, what: str, fix: str) -> str:
    return f"{one_line(case.image)} (case {one_line(case.id)} of {data_set.name}): {what}.\n{fix}"


def _read_nifti(case: Case) -> Volume:
    return Volume(read_intensities(case.image), read_grid(case.image).affine)


def _image(value: Any, case: Case, n_classes: int) -> Fault:
    if not isinstance(value, Image.Image):
        return f"{_shown(value)}; expected a Pillow image", 'Return Image.fromarray(array).convert("RGB").'
    if value.mode != "RGB":
        return f"an image of mode {value.mode}; expected 8-bit RGB", 'Return image.convert("RGB").'
    return None if value.width and value.height else ("an image without pixels", "Correct the reader or the file.")


def _masks(value: Any, case: Case, n_classes: int, of: str = "masks") -> Fault:
    dims = 2 if of == "region" else 3
    expected = "(H, W), bool" if dims == 2 else f"({n_classes}, H, W), bool: one channel for each class"
    if not isinstance(value, np.ndarray) or value.ndim != dims or (dims == 3 and len(value) != n_classes):
        return f"{_shown(value)}; expected {expected}", "Correct its shape in the reader."
    if value.dtype != np.bool_:
        return f"{_shown(value)}; expected {expected}", "Compare in the reader, as `mask > 0`."
    return None


def _region(value: Any, case: Case, n_classes: int) -> Fault:
    return None if value is None else _masks(value, case, n_classes, "region")


def _grid(value: Any) -> Fault:
    if not isinstance(value, Volume):
        return f"{_shown(value)}; expected a bench.Volume", "Return Volume(array, affine)."
    array, affine = value.array, value.affine
    if not isinstance(array, np.ndarray) or array.ndim != 3 or 0 in array.shape:
        return f"{_shown(array)}; expected an array (X, Y, Z)", "Split it into one case for each volume."
    if not isinstance(affine, np.ndarray) or affine.shape != (4, 4):
        return f"the affine {_shown(affine)}; expected (4, 4)", "Give np.diag([dx, dy, dz, 1]), spacing in mm."
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        return f"the affine {affine.tolist()}, which places no voxels in space", "Give np.diag([dx, dy, dz, 1]), in mm."
    return None


def _volume(value: Any, case: Case, n_classes: int) -> Fault:
    if fault := _grid(value):
        return fault
    if value.array.dtype.kind not in "biuf":
        return f"{_shown(value.array)}; expected real numbers", "Convert it in the reader."
    check_finite(case.image, value.array)
    return None


def _labels(value: Any, case: Case, n_classes: int) -> Fault:
    if fault := _grid(value):
        return fault
    if value.array.dtype.kind not in "biu":
        return f"{_shown(value.array)}; expected whole numbers (uint8)", "Round them and convert, in the reader."
    low, high = int(value.array.min()), int(value.array.max())
    if low < 0 or high > n_classes:
        return (
            f"labels from {low} to {high}; expected 0 (background) to {n_classes}, the number of classes",
            "Map the owner's values to class numbers in the reader, or name all classes.",
        )
    return None


_CHECKS: Mapping[str, Callable[[Any, Case, int], Fault]] = {
    "load_image": _image,
    "load_masks": _masks,
    "load_region": _region,
    "load_volume": _volume,
    "load_labels": _labels,
}


def _mismatch(found: Mapping[str, Any]) -> Fault:
    """What does not fit between the parts of one case."""
    image, masks, region = (found.get(f"load_{name}") for name in ("image", "masks", "region"))
    volume, labels = found.get("load_volume"), found.get("load_labels")
    fix = "Restore both files from the owner's archive, or correct the reader."
    size = (image.height, image.width) if isinstance(image, Image.Image) else None
    for name, array in (("masks", masks), ("region", region)):
        if array is not None and size and array.shape[-2:] != size:
            return f"the image has {size[0]} x {size[1]} pixels and its {name} the shape {array.shape}", fix
    if volume is not None and labels is not None and volume.array.shape != labels.array.shape:
        return f"the volume has shape {volume.array.shape} and its labels {labels.array.shape}", fix
    return None


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a {type(value).__name__} of {len(value)}"
    return "nothing" if value is None else f"a {type(value).__name__}"
