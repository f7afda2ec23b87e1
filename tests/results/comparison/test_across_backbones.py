"""Boards across backbones: weights of several architectures beside each other, with what they cost."""

import pandas as pd
import pytest

from bench.core.settings import WeightsRecord
from bench.results.boards import regenerate
from bench.results.comparison.across_backbones import across_backbones
from bench.results.frame import to_frame
from bench.results.index import read_frame
from bench.results.store import Store
from tests.results.stores_of import add_run

WEIGHTS = WeightsRecord(
    file="w.pth", sha256="a", encoder_sha256="b", format="plain", layout="timm_vit", rules=[], matched=1, dropped={},
    other_parts={}, missing=[], corpus="unknown",
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    """Weights of two backbones, both floors, and a method that pretrains; three seeds."""
    store = Store(tmp_path / "results")
    for seed in range(3):
        for method, backbone, right, millions in (
            ("moco", "resnet18", 0.85, 11),
            ("dino", "timm:vit_tiny_patch16_224", 0.6, 5),
        ):
            cost = {"parameters": millions * 1e6, "gflops_per_image": 0.5}
            facts = {"corpus": None, "weights": WEIGHTS, "backbone": backbone, "efficiency": cost}
            add_run(store, method, seed, right, **facts)
            add_run(store, "random", seed, 0.3, corpus=None, backbone=backbone)
        add_run(store, "simclr", seed, 0.9)
    return store


def test_encoders_of_all_backbones_are_ranked_and_tested_together(store):
    board = across_backbones(read_frame(store)[0])
    assert list(zip(board["method"], board["backbone"], strict=True))[:2] == [
        ("moco", "resnet18"), ("dino", "timm:vit_tiny_patch16_224"),
    ]  # fmt: skip
    assert sorted(board["backbone"][board["method"] == "random"]) == ["resnet18", "timm:vit_tiny_patch16_224"]
    assert "simclr" not in set(board["method"]), "what was pretrained here has a budget of one backbone"
    assert board["rank"].tolist()[:2] == [1, 2]
    assert board["tested"].tolist()[0] == "the best"
    assert set(board["tested"].tolist()[1:]) <= {"differs", "not told apart"}, "all pairs have common seeds and cases"
    assert board["ci95_low"].notna().all()


def test_the_file_and_its_markdown_have_parameters_and_operations(store):
    done = regenerate(store.results)
    table = pd.read_csv(store.results / "leaderboard" / "real-quick-encoders.csv")
    assert table["parameters"].tolist()[:2] == [11e6, 5e6]
    assert "**real-quick-encoders**" in done.markdown
    assert "| resnet18 | moco | 11 | 0.5 |" in done.markdown
    assert "| timm:vit_tiny_patch16_224 | dino | 5 | 0.5 |" in done.markdown


def test_weights_of_one_backbone_need_no_such_board(tmp_path):
    store = Store(tmp_path / "results")
    for method in ("moco", "dino"):
        add_run(store, method, corpus=None, weights=WEIGHTS)
    add_run(store, "random", corpus=None, backbone="resnet50")
    assert across_backbones(read_frame(store)[0]).empty
    regenerate(store.results)
    assert not (store.results / "leaderboard" / "real-quick-encoders.csv").exists()
    assert across_backbones(to_frame([])).empty


def test_a_record_whose_backbone_has_a_colon_is_read_from_where_it_lies(store):
    paths = set(read_frame(store)[0]["path"])
    records, problems = store.load()
    assert problems == []
    assert set(to_frame(records, store.results)["path"]) == paths
    assert not any(":" in path for path in paths)
