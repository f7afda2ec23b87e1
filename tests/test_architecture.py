"""Rules of the structure that a reader may rely on."""

import dataclasses

from bench.core.identity import declaration_fingerprint, digest
from bench.core.registry import tasks


def test_identity_covers_how_a_data_set_is_read():
    kvasir = tasks().get("kvasir_seg").data
    before = declaration_fingerprint(kvasir)
    assert declaration_fingerprint(dataclasses.replace(kvasir)) == before
    assert declaration_fingerprint(dataclasses.replace(kvasir, title="another", expected_counts={})) == before
    changed = [
        dataclasses.replace(kvasir, classes=("polyp", "other")),
        dataclasses.replace(kvasir, overlapping_classes=True),
        dataclasses.replace(kvasir, reader=dataclasses.replace(kvasir.reader, lossy=False)),
    ]
    prints = {declaration_fingerprint(data_set) for data_set in changed}
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
    one, same, other = (declaration_fingerprint(dataclasses.replace(data_set, reader=mine(v))) for v in (1, 1, 2))
    assert one == same != other


def test_digest_does_not_depend_on_key_order():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
