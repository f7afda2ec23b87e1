"""`past` and `pretrained_on` of an entry of weights."""

import pytest

from bench.core.errors import UsageError
from bench.models.weights.pasts import past_notices, past_of, placed_lists
from bench.models.weights.sources import parse_checkpoints

KEY = "ab" * 32


def entry(folder, more):
    (folder / "w.toml").write_text(f'[mine]\nfile = "w.pth"\n{more}\n')
    (found,) = parse_checkpoints([str(folder / "w.toml")], "resnet18")
    return found


def test_files_are_relative_to_the_toml_file(tmp_path):
    (tmp_path / "seen.txt").write_text(f"a.png\n{KEY}\n")
    found = entry(tmp_path, 'past = "lvmmed"\npretrained_on = ["isic2018", "seen.txt", "buid=seen.txt"]')
    assert found.pretrained_on == ("isic2018", str(tmp_path / "seen.txt"), f"buid={tmp_path / 'seen.txt'}")
    past = past_of(found.past, found.pretrained_on)
    assert past.data_sets == ("isic2018",)
    *_, free, tied = past.lists
    assert (free.label, free.data_set, tied.data_set) == ("seen.txt", "", "buid")
    assert free.contents == {KEY}
    assert "LVM-Med" in past.statement
    assert "They were pretrained on isic2018, seen.txt (2 lines)" in past.statement


def test_nothing_named_is_nothing_known(tmp_path):
    found = entry(tmp_path, "")
    assert past_of(found.past, found.pretrained_on) is None
    assert past_notices("w.pth", None) == []


def test_imagenet_says_what_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "resnet18-f37072fd.pth").touch()
    (found,) = parse_checkpoints(["imagenet:resnet18"], "resnet18")
    assert "ImageNet-1k" in past_of(found.past, found.pretrained_on).statement


@pytest.mark.parametrize("text", ["none.txt", "lists/none", "buid=none.txt"])
def test_a_file_that_is_not_there(tmp_path, text):
    with pytest.raises(UsageError, match=r"none(\.txt)?: no such file"):
        placed_lists([text], tmp_path)


def test_wrong_entries(tmp_path):
    with pytest.raises(UsageError, match=r"Unknown past 'lvmed'\. Did you mean 'lvmmed'"):
        past_of("lvmed", ())
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UsageError, match=r"image\.png cannot be read as text|image\.png: cannot be read as text"):
        past_of(None, [str(tmp_path / "image.png")])
    with pytest.raises(UsageError, match="pretrained_on"):
        entry(tmp_path, "pretrained_on = 3")


def test_a_data_set_that_there_is_not_is_said():
    (notice,) = past_notices("w.pth", past_of(None, ["isic2108", "buid"]))
    assert "isic2108, which is no data set here" in notice
    assert "Did you mean 'isic2018'" in notice
