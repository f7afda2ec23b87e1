"""Arrays as data sets: MedMNIST's form, keys of HDF5, one case a file, masks, volumes; one error for what is wrong."""

import numpy as np
import pytest
from pydantic import ValidationError

pytest.importorskip("h5py")

from bench.core.errors import DataError
from tasks.layouts.arrays import Arrays
from tasks.readers.array_files import write_arrays
from tests.tasks.layouts.written import medmnist

THREE = ("0", "1", "2")


@pytest.mark.parametrize("colours", [False, True])
def test_medmnist_is_read_as_it_ships(tmp_path, colours):
    path = medmnist(tmp_path / "blood.npz", colours)
    layout = Arrays()
    assert layout.classes(tmp_path, "classification") == THREE
    reader = layout.reader("classification", THREE)
    cases = {case.id: case for case in reader.read(tmp_path)}
    assert len(cases) == 18
    one = cases["blood.npz:train:4"]
    assert (one.image, one.target, one.owner_split) == (path, 1, "train")
    assert cases["blood.npz:val:0"].owner_split == "validation"
    stored = np.load(path)["train_images"][4]
    shown = np.asarray(reader.load_image(one))
    assert shown.tolist() == (stored if colours else np.repeat(stored[..., None], 3, axis=2)).tolist()
    assert len({case.content for case in cases.values()}) == 18


def test_equal_parts_have_equal_content_keys(tmp_path):
    images = np.zeros((3, 8, 8), np.uint8)
    images[2] = 9
    write_arrays(tmp_path / "a.npz", {"x": images, "y": np.array([0, 1, 1])})
    a, b, c = Arrays(images="x", labels="y").reader("classification", ("n", "p")).read(tmp_path)
    assert a.content == b.content != c.content


def test_images_of_other_types_are_scaled_by_their_range(tmp_path):
    pixels = np.array([[[0.0, 0.5], [1.0, 0.25]]], dtype=np.float32)
    write_arrays(tmp_path / "a.h5", {"x": np.stack([pixels, pixels]), "y": np.array([0, 1])})
    reader = Arrays(images="x", labels="y").reader("classification", ("n", "p"))
    assert np.asarray(reader.load_image(reader.read(tmp_path)[0]))[..., 0].tolist() == [[0, 128], [255, 64]]


def test_npy_files_subjects_and_sites(tmp_path):
    for site in ("north", "south"):
        for name, array in (("x", np.zeros((2, 4, 4))), ("y", np.arange(2)), ("p", np.array([7, 8]))):
            write_arrays(tmp_path / site / f"{name}.npy", {"": array})
    layout = Arrays(images="{site}/x.npy", labels="{site}/y.npy", subjects="{site}/p.npy")
    cases = layout.reader("classification", ("n", "p")).read(tmp_path)
    assert layout.sites(tmp_path, "classification") == ("north", "south")
    assert [(c.id, c.target, c.subject, c.domain) for c in cases][1:3] == [
        ("north/x.npy:1", 1, "8", "north"),
        ("south/x.npy:0", 0, "7", "south"),
    ]


def test_label_maps_and_masks_of_each_structure(tmp_path):
    label = np.array([[[0, 1], [2, 0]]])
    stacked = np.stack([label == 1, label == 2], axis=1)
    write_arrays(
        tmp_path / "a.npz", {"x": np.ones((1, 2, 2), np.uint8), "y": label, "m": stacked, "z": label[..., None] * 9}
    )
    for name, options in (("y", {}), ("m", {}), ("z", {"values": {"a": 9, "b": 18}})):
        reader = Arrays(images="x", labels=name, **options).reader("segmentation_2d", ("a", "b"))
        masks = reader.load_masks(reader.read(tmp_path)[0])
        assert (masks.dtype, masks.tolist()) == (bool, stacked[0].tolist())
        assert reader.load_region(reader.read(tmp_path)[0]) is None


@pytest.mark.parametrize("value", [1, 255])
def test_one_structure_is_any_one_value(tmp_path, value):
    write_arrays(tmp_path / "a.npz", {"x": np.ones((1, 2, 2)), "y": np.array([[[0, value], [0, 0]]])})
    reader = Arrays(images="x", labels="y").reader("segmentation_2d", ("a",))
    assert reader.load_masks(reader.read(tmp_path)[0]).tolist() == [[[False, True], [False, False]]]


@pytest.mark.parametrize("form", ["file", "group", "stack"])
def test_volumes_are_files_groups_or_stacks(tmp_path, form):
    volume = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    labels = (volume > 20).astype(np.uint8)
    pair = {"image": volume, "label": labels}
    options = {"images": "image", "labels": "label"}
    if form == "file":
        for name in "ab":
            write_arrays(tmp_path / f"{name}.h5", pair)
        options |= {"file": "{case}.h5"}
    elif form == "group":
        write_arrays(tmp_path / "all.h5", {f"{case}/{k}": v for case in "ab" for k, v in pair.items()})
        options = {"images": "{case}/image", "labels": "{case}/label"}
    else:
        write_arrays(tmp_path / "all.h5", {k: np.stack([v, v]) for k, v in pair.items()})
    reader = Arrays(**options, axes="zyx", spacing=(1, 1, 5)).reader("segmentation_3d", ("a",))
    a, b = reader.read(tmp_path)
    assert (a.id, b.id) == {"file": ("a.h5", "b.h5"), "group": ("all.h5:a", "all.h5:b")}.get(
        form, ("all.h5:0", "all.h5:1")
    )
    loaded, truth = reader.load_volume(b), reader.load_labels(b)
    assert loaded.array.tolist() == volume.transpose(2, 1, 0).tolist()
    assert loaded.array.dtype == np.float32
    assert np.diag(loaded.affine).tolist() == [1, 1, 5, 1]
    assert (truth.array.dtype, truth.array.tolist()) == (np.uint8, labels.transpose(2, 1, 0).tolist())


GOOD = {"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([0, 1])}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.array([0, 2])}, "the case a.npz:1 has the label 2, and there are 2 classes"),
        ({"y": np.array([0, -1])}, "holds the label -1; expected whole numbers from 0"),
        ({"y": np.array([0, 0.5])}, "holds the label 0; expected whole numbers from 0"),
        ({"y": np.array([0, np.nan])}, "it holds values that are not finite"),
        ({"y": np.array([0, 1, 1])}, "a.npz has 2 images, 3 labels; expected as many of each"),
        ({"y": np.eye(2)}, "expected one class for each case, (N,) or (N, 1)"),
        ({"y": np.array([0, 0])}, "no case is of the class 'p'"),
        ({"x": np.zeros((2, 5, 5, 7))}, "has the shape (5, 5, 7); expected an image"),
        ({"x": np.zeros((2, 4))}, "has the shape (4,); expected an image"),
        ({"x": np.zeros((2, 0, 4))}, "expected an image"),
        ({"x": np.array(3)}, "a.npz has one number images, 2 labels"),
        ({"x": np.full((2, 4, 4), np.inf)}, "it holds values that are not finite, number 0"),
    ],
)
def test_wrong_arrays_are_one_error(tmp_path, change, message):
    write_arrays(tmp_path / "a.npz", {**GOOD, **change})
    with pytest.raises(DataError) as caught:
        Arrays(images="x", labels="y").reader("classification", ("n", "p")).read(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_missing_and_ambiguous_files_say_what_is_there(tmp_path):
    reader = Arrays().reader("classification", ("n", "p"))
    with pytest.raises(DataError, match=r"no arrays of the form .* \(found: no .npy, .npz or .h5 file\)"):
        reader.read(tmp_path)
    write_arrays(tmp_path / "a.npz", GOOD)
    with pytest.raises(DataError, match=r"\(found: a.npz \(x, y\)\)"):
        reader.read(tmp_path)
    assert not reader.matches(tmp_path)
    write_arrays(tmp_path / "b.npz", GOOD)
    with pytest.raises(DataError, match=r"several arrays are of the form .*a.npz, b.npz"):
        Arrays(images="x", labels="y").reader("classification", ("n", "p")).read(tmp_path)
    with pytest.raises(DataError, match="there is no such array; found x, y"):
        Arrays(file="a.npz", images="x", labels="z").reader("classification", ("n", "p")).read(tmp_path)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (np.zeros((1, 3, 4)), r"has the shape \(3, 4\), its image has 4 x 4 pixels"),
        (np.full((1, 4, 4), 3), r"holds values that are no class: 3; expected 0, 1, 2"),
        (np.full((1, 4, 4), 0.5), r"holds values that are no class: 0.5"),
    ],
)
def test_wrong_masks_are_one_error(tmp_path, label, message):
    write_arrays(tmp_path / "a.npz", {"x": np.zeros((1, 4, 4)), "y": label})
    reader = Arrays(images="x", labels="y").reader("segmentation_2d", ("a", "b"))
    with pytest.raises(DataError, match=message):
        reader.load_masks(reader.read(tmp_path)[0])


@pytest.mark.parametrize(
    ("image", "label", "message"),
    [
        ((4, 4, 4), np.zeros((4, 4, 3)), r"has the shape \(4, 4, 3\), its volume has \(4, 4, 4\)"),
        ((4, 4), np.zeros((4, 4)), "expected a volume, three axes"),
        ((4, 4, 4), np.full((4, 4, 4), 7), "holds values that are no class: 7"),
        ((4, 4, 4), np.full((4, 4, 4), 0.3), "holds values that are no class"),
    ],
)
def test_wrong_volumes_are_one_error(tmp_path, image, label, message):
    write_arrays(tmp_path / "a.h5", {"image": np.zeros(image), "label": label})
    reader = Arrays(file="{case}.h5", images="image", labels="label").reader("segmentation_3d", ("a", "b"))
    with pytest.raises(DataError, match=message):
        reader.load_labels(reader.read(tmp_path)[0])


def test_wrong_options_are_errors():
    with pytest.raises(ValidationError, match=r"must all be .npy files"):
        Arrays(images="x.npy", labels="y")
    with pytest.raises(ValidationError, match="must be above 0"):
        Arrays(spacing=(1, 0, 1))
    with pytest.raises(DataError, match="which classification does not read"):
        Arrays(values={"a": 1}).reader("classification", ("a", "b"))
    with pytest.raises(DataError, match="Give each class a value of its own"):
        Arrays(values={"a": 1, "c": 2}).reader("segmentation_2d", ("a", "b"))


def test_a_file_of_a_case_without_its_array_is_an_error_and_not_left_out(tmp_path):
    for name in ("a", "b"):
        write_arrays(tmp_path / f"{name}.h5", {"x": np.zeros((4, 4, 4)), "y": np.zeros((4, 4, 4))})
    reader = Arrays(file="{case}.h5", images="x", labels="y").reader("segmentation_3d", ("n",))
    assert len(reader.read(tmp_path)) == 2
    write_arrays(tmp_path / "b.h5", {"image": np.zeros((4, 4, 4)), "y": np.zeros((4, 4, 4))})
    with pytest.raises(DataError, match=r"b\.h5: has no array x \(found: image, y\)"):
        reader.read(tmp_path)
