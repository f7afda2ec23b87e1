"""The worked examples of docs/add_a_*.md are short, sound, and run end to end."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"
VOC, HDF5 = DOCS / "example_task/voc_boxes.py", DOCS / "example_task/h5_volumes.py"
KIND, BACKBONE = DOCS / "example_kind/findings.py", DOCS / "example_backbone/small_convnet.py"
OBJECT = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"


def write_voc(root):
    random = np.random.default_rng(0)
    for folder in ("Annotations", "JPEGImages"):
        (root / "cells" / folder).mkdir(parents=True)
    for i in range(12):
        pixels, objects = random.integers(0, 60, (96, 128, 3)).astype(np.uint8), []
        for name, colour in (("red cell", (200, 60, 60)), ("white cell", (220, 220, 220))):
            x, y = (int(v) for v in random.integers(2, 60, 2))
            pixels[y : y + 30, x : x + 30] = colour
            objects.append(OBJECT.format(name, x, y, x + 30, y + 30))
        Image.fromarray(pixels).save(root / "cells/JPEGImages" / f"{i:02d}.jpg")
        text = f"<annotation><size><width>128</width><height>96</height></size>{''.join(objects)}</annotation>"
        (root / "cells/Annotations" / f"{i:02d}.xml").write_text(text)


def write_hdf5(root):
    h5py = pytest.importorskip("h5py")
    random = np.random.default_rng(0)
    (root / "scans").mkdir()
    with h5py.File(root / "scans/scans.h5", "w") as file:
        for i in range(10):
            label = np.zeros((24, 24, 6), np.uint8)
            label[6:16, 6 + i % 4 : 16, 2:5] = 1
            scan = file.create_group(f"{i:02d}")
            scan["image"] = (random.normal(size=label.shape) + 4 * label).astype(np.float32)
            scan["label"] = label
            scan.attrs["spacing"] = [1.0, 1.0, 4.0]


def code_lines(path):
    return sum(bool(line.strip()) for line in path.read_text(encoding="utf-8").splitlines())


def test_examples_are_as_short_as_promised_and_named_in_the_documents():
    assert code_lines(VOC) <= 30
    assert code_lines(HDF5) <= 30
    for document, examples in (("task", (VOC, HDF5)), ("kind", (KIND,)), ("backbone", (BACKBONE,))):
        text = (DOCS / f"add_a_{document}.md").read_text(encoding="utf-8")
        assert all(path.relative_to(DOCS).as_posix() in text for path in examples)


@pytest.mark.parametrize(("write", "example"), [(write_voc, VOC), (write_hdf5, HDF5)])
def test_tasks_are_sound(bench, tmp_path, write, example):
    write(tmp_path)
    done = bench("check", str(example), "--data-root", str(tmp_path))
    assert done.code == 0, done.out + done.err
    name = example.stem
    done = bench("data", "verify", "cells" if name == "voc_boxes" else "scans", "--plugin", str(example),
                 "--data-root", str(tmp_path))  # fmt: skip
    assert "nothing wrong" in done.out


def test_kind_and_backbone_are_sound(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    done = bench("check", str(KIND), str(BACKBONE))
    assert done.code == 0, done.out + done.err
    assert [line for line in done.out.splitlines() if line.endswith(": sound")] == [
        "kind findings: sound",
        "task films: sound",
        "backbone small_convnet: sound",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "example", "task", "method"),
    [
        (write_voc, VOC, "cells", "random"),
        (write_hdf5, HDF5, "scans", "simclr"),
        (lambda root: None, KIND, "films", "simclr"),
    ],
)
def test_they_run_end_to_end(bench, tmp_path, write, example, task, method):
    root = tmp_path / "data"
    root.mkdir()
    write(root)
    more = ["--data-root", str(root)] if any(root.iterdir()) else []
    small = ["--seeds", "1", "--set=pretrain.epochs=1", "--set=protocol.epochs=1"]
    done = bench("run", "--method", method, "--task", task, "--plugin", str(example), "--plugin", str(BACKBONE),
                 "--backbone", "small_convnet", *small, *more,
                 "--results", str(tmp_path / "results"), "--cache", str(tmp_path / "cache"))  # fmt: skip
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert f"task {task}," in said
    assert "small_convnet" in said
