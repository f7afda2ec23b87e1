"""What `bench show` says: data with `--json`, the same as text, and no torch where none is needed."""

import json

import pytest

from bench.core.registry import methods, tasks
from tests.cli.running.test_commands import EXAMPLE
from tests.commands import imported_by

HEAVY = {"torch", "torchvision", "lightly", "numpy", "scipy", "pandas", "PIL", "cv2"}


def data(done):
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize(
    "command",
    ["show lvmmed", "show simclr --json", "show byol", "show dino", "show random", "show knn", "list methods --json"],
)
def test_methods_and_protocols_are_described_without_heavy_imports(command):
    assert not imported_by(*command.split()) & HEAVY


def test_method_as_data(bench):
    facts = data(bench("show", "lvmmed", "--json"))
    cls = methods().get("lvmmed")
    assert (facts["type"], facts["name"], facts["location"]) == ("method", "lvmmed", "methods.lvmmed:LVMMed")
    assert (facts["title"], facts["citation"], facts["version"]) == (cls.title, cls.citation, cls.version)
    assert set(facts["settings"]) == set(cls.config_class.model_fields)
    nodes = facts["settings"]["nodes"]
    assert (nodes["type"], nodes["default"], nodes["minimum"]) == ("integer", 16, 2)
    assert "images of one graph" in nodes["description"]
    lr = facts["settings"]["lr"]
    assert (lr["type"], lr["default"], lr["exclusiveMinimum"]) == ("number", 2e-3, 0)
    assert facts["settings"]["optimizer"]["enum"] == ["adam", "adamw", "lars", "sgd"]
    iterations = facts["settings"]["solver_iterations"]
    assert (iterations["type"], iterations["default"], iterations["minimum"]) == (["integer", "null"], None, 1)
    assert facts["profiles"]["paper"]["pretrain"] == dict(cls.published_views)
    assert facts["profiles"]["quick"]["method"] == dict(cls.quick)
    assert facts["ablations"]["alpha_0.7"] == {"alpha": 0.7}
    assert len(facts["ablations"]) == len(cls.ablations)
    assert facts["search_space"]["method.alpha"]["high"] == 0.95
    assert not facts["transformer_only"]
    assert data(bench("show", "mae", "--json"))["transformer_only"]
    assert "vision transformers alone, as vit_tiny_8" in bench("show", "mae").out


def test_task_as_data(bench):
    facts = data(bench("show", "brain_tumor", "--json"))
    task = tasks().get("brain_tumor")
    assert (facts["type"], facts["kind"], facts["protocol"]) == ("task", "classification", "finetune")
    assert facts["metric"] in facts["metrics"]
    assert facts["data_set"]["classes"] == list(task.data.classes)
    assert facts["data_set"]["expected_counts"]["test"]["no_tumor"] == 105
    assert facts["splits"]["test"] == {"source": "owner"}
    assert facts["splits"]["validation"] == {"source": "drawn", "fraction": 0.3}
    assert facts["stand_in_for"] is None
    assert facts["settings"]["image_size"]["minimum"] == 16
    assert facts["profiles"]["paper"]["protocol"]["hidden"] == [512, 256]
    assert facts["profiles"]["quick"]["task"] == {"image_size": 48}


def test_splits_that_are_drawn_and_domains(bench):
    splits = data(bench("show", "prostate", "--json"))["splits"]
    assert splits["test"] == {"source": "drawn", "fraction": 0.2}
    assert (splits["trained_domain"], splits["tested_only_domains"]) == ("BMC", ["RUNMC", "BIDMC", "HK"])
    assert "test = 20% of the cases, the same for every seed, of BMC; " in bench("show", "prostate").out


def test_protocol_backbone_and_format_as_data(bench):
    protocol = data(bench("show", "few_shot_1pct", "--json"))
    assert protocol["profiles"]["every"] == {"protocol": {"fraction": 0.01}}
    assert (protocol["frozen"], protocol["trained"]) == (True, False)
    backbone = data(bench("show", "resnet50", "--json"))
    assert backbone["feature_maps"][0] == {"channels": 256, "stride": 4}
    assert (backbone["embedding_dim"], backbone["position_embedding_px"]) == (2048, None)
    form = data(bench("show", "moco", "--json"))
    assert (form["containers"], form["prefixes"][0]) == ([["state_dict"]], "module.encoder_q.")


def test_a_plugin_of_a_file_is_described(bench):
    file = EXAMPLE / "vicreg_method.py"
    facts = data(bench("show", "my_vicreg", "--plugin", file, "--json"))
    assert facts["settings"]["projection_dim"]["default"] == 2048
    assert facts["version"] is None
    assert facts["location"].endswith("vicreg_method.py:VICReg")
    assert "my_vicreg" in {row["name"] for row in data(bench("list", "methods", "--plugin", file, "--json"))}


def test_corpora_are_described_and_a_plugin_file_is_told_apart(bench):
    text = bench("show", "pool").out
    assert text.startswith("corpus: pool\nsummary: training images of every data set")
    assert "--corpus" in text
    done = bench("show", EXAMPLE / "vicreg_method.py")
    assert (done.code, "bench show NAME --plugin" in done.err) == (2, True)
    assert bench("show", "my_vicreg", "--plugin", EXAMPLE / "vicreg_method.py").out.startswith("method: my_vicreg\n")
    assert "Did you mean 'pool'" in bench("show", "poool").err
