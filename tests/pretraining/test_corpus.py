"""Corpora never hold an evaluation image; their fingerprint follows the content."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.pretraining.corpus import manifest_corpus, pool_corpus
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.drive import DRIVE
from tasks.mmwhs_ct import MMWHS_CT


@pytest.fixture(scope="module")
def world(phantom_root):
    return World(phantom_root, Report(quiet=True))


def image(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (value, value, value)).save(path)
    return path


def test_pool_has_no_validation_or_test_content(world):
    corpus = world.corpus("pool", BRAIN_TUMOR, 0)
    data, split = world.data(BRAIN_TUMOR), world.split(BRAIN_TUMOR, 0)
    held_out = {data.hashes[c.id] for c in (*split.validation, *split.test)}
    assert not held_out & {i.content for i in corpus.images}
    assert corpus.excluded > 0, "the phantom has training files that are byte-identical to test files"
    assert len(corpus.images) + corpus.excluded == len(split.train)
    assert corpus.sources == {"brain_tumor": len(corpus.images)}


def test_an_image_of_one_data_set_that_another_evaluates_on_is_excluded(world):
    data, split = world.data(BRAIN_TUMOR), world.split(BRAIN_TUMOR, 0)
    stolen = split.test[0]
    other = replace(data, data_set=replace(BRAIN_TUMOR, name="other"), hashes={"x": data.hashes[stolen.id]})
    other_split = replace(split, train=(replace(stolen, id="x"),), validation=(), test=())
    corpus = pool_corpus([(data, split), (other, other_split)])
    assert corpus.sources["other"] == 0


def test_fingerprint_follows_content_and_seed(world):
    zero, again, one = (world.corpus(n, BRAIN_TUMOR, s) for n, s in (("pool", 0), ("task", 0), ("pool", 1)))
    assert zero.fingerprint == again.fingerprint
    assert zero.fingerprint != one.fingerprint
    assert zero.origin == one.origin


def test_origin_follows_how_a_reader_decodes_its_images(segmentation_root):
    world = World(segmentation_root, Report(quiet=True))
    data, split = world.data(DRIVE), world.split(DRIVE, 0)
    reader = replace(DRIVE.reader, lossy=not DRIVE.reader.lossy)
    before, again, after = (
        pool_corpus([(replace(data, data_set=replace(DRIVE, reader=r)), split)])
        for r in (DRIVE.reader, DRIVE.reader, reader)
    )
    assert before.origin == again.origin != after.origin
    assert before.images[0].key == again.images[0].key != after.images[0].key


def test_pool_of_images_films_and_slices(segmentation_root):
    world = World(segmentation_root, Report(quiet=True))
    corpus = world.corpus("pool", DRIVE, 0)
    assert set(corpus.sources) == {
        "brats", "buid", "drive", "isic2018", "jsrt", "kvasir_seg", "mmwhs_ct", "mmwhs_mri", "prostate",
    }  # fmt: skip
    assert len(corpus.images) == sum(corpus.sources.values())
    slices = [i for i in corpus.images if i.axis is not None]
    assert len(slices) == 12 * len({i.content for i in slices}), "through the plane, 12 slices a volume"
    assert len({(i.content, i.axis, i.index) for i in corpus.images}) == len(corpus.images)
    held_out = {
        world.data(d).hashes[c.id]
        for d in world._found()
        for c in (*world.split(d, 0).validation, *world.split(d, 0).test)
    }
    assert not held_out & {i.content for i in corpus.images}
    film = next(i for i in corpus.images if i.path.suffix == ".IMG")
    for image in (film, slices[6], slices[-6]):
        assert np.asarray(image.read()).std() > 5
    assert film.read().size == (64, 64)
    assert pickle.loads(pickle.dumps(film)).read().size == (64, 64)


def test_a_volume_held_out_leaves_all_its_slices_out(segmentation_root):
    world = World(segmentation_root, Report(quiet=True))
    data, split = world.data(MMWHS_CT), world.split(MMWHS_CT, 0)
    stolen = replace(split, train=(*split.train, split.test[0]))
    corpus = pool_corpus([(data, stolen)])
    assert (corpus.excluded, len(corpus.images)) == (12, 12 * len(split.train))


def test_manifest_leaves_out_evaluation_images(tmp_path, world):
    data, split = world.data(BRAIN_TUMOR), world.split(BRAIN_TUMOR, 0)
    (tmp_path / "copy.jpg").write_bytes(split.test[0].image.read_bytes())
    image(tmp_path / "own.png", 3)
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path\ncopy.jpg\nown.png\n")
    corpus = manifest_corpus(manifest, [(data, split)])
    assert [i.path.name for i in corpus.images] == ["own.png"]
    assert corpus.excluded == 1


def test_excluded_files_are_left_out_and_change_the_origin(tmp_path, world):
    data, split = world.data(BRAIN_TUMOR), world.split(BRAIN_TUMOR, 0)
    plain = pool_corpus([(data, split)])
    copies = {plain.images[0].content}
    corpus = pool_corpus([(data, split)], copies=copies, rule="a rule-1")
    assert len(corpus.images) + corpus.excluded == len(plain.images) + plain.excluded
    assert plain.images[0].content not in {image.content for image in corpus.images}
    origins = {plain.origin, corpus.origin, pool_corpus([(data, split)], rule="a rule-2").origin}
    assert len(origins) == 3
    listed = [image(tmp_path / name, value) for name, value in (("a.png", 3), ("b.png", 4))]
    (tmp_path / "corpus.csv").write_text("path\na.png\nb.png\n")
    content = manifest_corpus(tmp_path / "corpus.csv", []).images[0].content
    kept = manifest_corpus(tmp_path / "corpus.csv", [], {content}, "a rule-1")
    assert [i.path for i in kept.images] == listed[1:]
