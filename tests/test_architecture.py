"""Rules of the structure that a reader may rely on."""

import dataclasses
import subprocess
import sys
from pathlib import Path

from bench.identity import code_fingerprint, declared_fingerprint, digest
from bench.registry import kinds, methods, tasks

REPOSITORY = Path(__file__).parents[1]


def test_plugins_import_bench_never_the_reverse():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_identity_ignores_words_and_sees_behaviour(tmp_path, monkeypatch):
    sources = {
        "plain": "class Mine:\n    '''Doc.'''\n    def f(self):\n        return 1\n",
        "words": "# comment\nclass Mine:\n    '''Another doc.'''\n\n    def f(self):  # here\n        return 1\n",
        "other": "class Mine:\n    '''Doc.'''\n    def f(self):\n        return 2\n",
    }
    prints = {}
    for name, source in sources.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}_module.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))
        prints[name] = code_fingerprint(__import__(f"{name}_module").Mine)
    assert len(set(prints.values())) == 3, "the file name is part of it"
    (tmp_path / "plain" / "plain_module.py").write_text(sources["words"])
    assert code_fingerprint(sys.modules["plain_module"].Mine) == prints["plain"]
    (tmp_path / "plain" / "plain_module.py").write_text(sources["other"])
    assert code_fingerprint(sys.modules["plain_module"].Mine) != prints["plain"]


def test_identity_of_a_package_method_covers_all_its_files(monkeypatch):
    cls = methods().get("lvmmed")
    seen = []
    monkeypatch.setattr("bench.identity._bare_source", lambda path: seen.append(path.name) or "")
    code_fingerprint(cls)
    assert {"method.py", "solver.py", "imle.py", "affinity.py"} <= set(seen)
    seen.clear()
    code_fingerprint(kinds().get("segmentation_3d"))
    assert {"segmentation_3d.py", "scores.py", "unet.py", "loss.py"} <= set(seen)
    seen.clear()
    code_fingerprint(methods().get("simclr"))
    assert seen == ["simclr.py"]


def test_identity_covers_what_a_method_inherits(tmp_path, monkeypatch):
    (tmp_path / "base_of_mine.py").write_text("class Base:\n    weight = 1\n")
    (tmp_path / "mine_of_base.py").write_text("from base_of_mine import Base\nclass Mine(Base):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = __import__("mine_of_base").Mine
    before = code_fingerprint(mine)
    (tmp_path / "base_of_mine.py").write_text("class Base:\n    weight = 2\n")
    assert code_fingerprint(mine) != before


def test_identity_covers_how_a_data_set_is_read():
    kvasir = tasks().get("kvasir_seg").data
    before = declared_fingerprint(kvasir)
    assert declared_fingerprint(dataclasses.replace(kvasir)) == before
    assert declared_fingerprint(dataclasses.replace(kvasir, title="another", expected_counts={})) == before
    changed = [
        dataclasses.replace(kvasir, classes=("polyp", "other")),
        dataclasses.replace(kvasir, overlapping_classes=True),
        dataclasses.replace(kvasir, reader=dataclasses.replace(kvasir.reader, lossy=False)),
    ]
    prints = {declared_fingerprint(data_set) for data_set in changed}
    assert len(prints | {before}) == 4


def test_identity_of_a_reader_has_no_address_in_it(tmp_path, monkeypatch):
    (tmp_path / "my_reader.py").write_text(
        "class Part:\n    pass\ndef scale(x):\n    return x\n"
        "class Mine:\n    def __init__(self, low):\n        self.parts = [Part()]\n        self.scale = scale\n"
        "        self.values = {'low': low}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = __import__("my_reader").Mine
    data_set = tasks().get("kvasir_seg").data
    one, same, other = (declared_fingerprint(dataclasses.replace(data_set, reader=mine(v))) for v in (1, 1, 2))
    assert one == same != other


def test_digest_does_not_depend_on_key_order():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
