"""Pictures of cases: small, with the outlines of masks."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.core.registry import tasks
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantoms
from bench.runs.report.thumbnails import SIDE, outline, thumbnail


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    names = ("drive", "kvasir_det", "kvasir_seg", "mmwhs_ct")
    return ensure_phantoms([tasks().get(name).data for name in names], tmp_path_factory.mktemp("phantoms"))


def decoded(picture):
    head, _, content = picture.uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_the_outline_of_a_square_is_its_edge():
    mask = np.zeros((6, 6), bool)
    mask[1:5, 1:5] = True
    edge = outline(mask)
    assert edge.sum() == 12
    assert not edge[2:4, 2:4].any()
    assert outline(np.ones((3, 3), bool)).sum() == 8


@pytest.mark.parametrize("name", ["drive", "kvasir_det", "mmwhs_ct"])
def test_pictures_of_images_and_volumes_are_small(name, root):
    data_set = tasks().get(name).data
    picture = thumbnail(data_set, read_data(data_set, root).cases[0])
    image = decoded(picture)
    assert max(image.size) == SIDE
    assert image.width / image.height == pytest.approx(picture.width / picture.height, rel=0.1)
    pixels = np.asarray(image).astype(int)
    green = (pixels[..., 1] - pixels[..., [0, 2]].max(axis=-1)) > 40
    assert green.any() == (name != "kvasir_det"), "outlines of masks"


def test_saved_predictions_are_outlined_too(tmp_path, root):
    data_set = tasks().get("kvasir_seg").data
    case = read_data(data_set, root).cases[0]
    with Image.open(case.image) as image:
        size = image.size
    mask = np.zeros(size[::-1], np.uint8)
    mask[: size[1] // 2] = 255
    path = tmp_path / f"{case.id}-{data_set.classes[0].replace(' ', '_')}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)
    assert thumbnail(data_set, case, tmp_path) != thumbnail(data_set, case)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=path.name):
        thumbnail(data_set, case, tmp_path)
