"""What `bench list` and `bench show` say: data with `--json`, the same as text, and no torch where none is needed."""

import json
import subprocess
import sys
from enum import Enum

import pytest
from pydantic import Field

from bench.cli.describe_text import setting_text
from bench.cli.settings_schema import settings_schema
from bench.core.registry import methods, tasks
from bench.core.settings import Settings
from bench.evaluation.protocols import PROTOCOLS
from tests.cli.test_cli import EXAMPLE

HEAVY = {"torch", "torchvision", "lightly", "numpy", "scipy", "pandas", "PIL", "cv2"}


def data(done):
    assert done.code == 0, done.err
    return json.loads(done.out)


def imported_by(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom bench.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('modules', *{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, _, names = done.stdout.rpartition("modules ")
    assert text, "the command printed nothing"
    return set(names.split())


@pytest.mark.parametrize(
    "command",
    ["show lvmmed", "show simclr --json", "show byol", "show dino", "show random", "show knn", "list methods --json"],
)
def test_methods_and_protocols_are_described_without_heavy_imports(command):
    assert not imported_by(*command.split()) & HEAVY


@pytest.mark.parametrize("command", ["list tasks", "list protocols", "list backbones", "list formats", "show moco"])
def test_other_lists_import_no_torch(command):
    assert not imported_by(*command.split()) & {"torch", "torchvision", "lightly"}


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
    assert facts["settings"]["crop_scale"]["default"] == [0.4, 1.0]
    assert facts["profiles"]["quick"]["method"] == dict(cls.quick)
    assert facts["ablations"]["smaller_crops"] == {"crop_scale": [0.08, 1.0]}
    assert len(facts["ablations"]) == len(cls.ablations)


def test_every_default_fits_its_schema(bench):
    kinds = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "array": list, "null": type(None)}
    described = [*methods().plugins, *PROTOCOLS, "brain_tumor", "vindr", "prostate", "drive"]
    for name in described:
        for setting, schema in data(bench("show", name, "--json"))["settings"].items():
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            default = schema["default"]
            assert isinstance(default, tuple(t for k in types for t in _as_tuple(kinds[k]))), (name, setting)
            assert default in schema.get("enum", [default]), (name, setting)
            if default is not None:
                assert default >= schema.get("minimum", default), (name, setting)
                assert default <= schema.get("maximum", default), (name, setting)


def _as_tuple(kind):
    return kind if isinstance(kind, tuple) else (kind,)


class _Colour(Enum):
    RED = "red"
    BLUE = "blue"


class _Unusual(Settings):
    colour: _Colour = Field(_Colour.RED, description="Of the line.")
    other: _Colour | None = None
    either: int | str = 3
    needed: float = Field(lt=2)


def test_schema_has_no_references_and_null_is_a_type():
    schema = settings_schema(_Unusual)
    assert (schema["colour"]["enum"], schema["colour"]["default"]) == (["red", "blue"], "red")
    assert schema["colour"]["description"] == "Of the line."
    assert (schema["other"]["type"], schema["other"]["enum"]) == (["string", "null"], ["red", "blue", None])
    assert [option["type"] for option in schema["either"]["anyOf"]] == ["integer", "string"]
    assert "default" not in schema["needed"]
    assert "$ref" not in json.dumps(schema)


def test_setting_as_text():
    schema = settings_schema(_Unusual)
    assert setting_text(schema["colour"]) == "red  Of the line.  [red | blue]"
    assert setting_text(schema["other"]) == "unset  [red | blue | unset]"
    assert setting_text(schema["either"]) == "3  [integer or string]"
    assert setting_text(schema["needed"]) == "no default  [number, < 2]"


def test_method_as_text_says_what_the_data_say(bench):
    text = bench("show", "lvmmed").out
    for part in (
        "\n  nodes: 16  N, images of one graph; 8, 16, 32, 64 in Fig. 5.  [integer, >= 2]\n",
        "  [adam | adamw | lars | sgd]\n",
        "\n  solver_iterations: unset  ",
        "\n  crop_scale: [0.4,1.0]  Range of the share of the image a crop covers.  [2 x number]\n",
        "\nquick profile changes:\n  residual: true\n",
        "\n  without_residual_and_norm: residual=false projector_norm=none\n",
    ):
        assert part in text
    assert "ablations (bench ablate): none" in bench("show", "simclr").out


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


def test_lists_as_data(bench):
    rows = {what: data(bench("list", what, "--json")) for what in ("methods", "tasks", "protocols", "backbones")}
    named = {what: {row["name"]: row for row in found} for what, found in rows.items()}
    assert named["methods"]["lvmmed"]["location"] == "methods.lvmmed:LVMMed"
    assert set(named["tasks"]["fgadr"]) == {
        "name", "title", "data_set", "kind", "protocol", "metric", "stand_in_for", "location", "package",
    }  # fmt: skip
    assert named["tasks"]["dr_patient600_linear"]["stand_in_for"] == "fgadr"
    assert named["tasks"]["dr_patient600_linear"]["data_set"] == "dr_patient600"
    assert named["protocols"]["finetune"]["frozen"] is False
    assert named["backbones"]["resnet18"]["embedding_dim"] == 512


def test_a_plugin_of_a_file_is_described(bench):
    file = EXAMPLE / "vicreg_method.py"
    facts = data(bench("show", "vicreg", "--plugin", file, "--json"))
    assert facts["settings"]["projection_dim"]["default"] == 2048
    assert facts["version"] is None
    assert facts["location"].endswith("vicreg_method.py:VICReg")
    assert "vicreg" in {row["name"] for row in data(bench("list", "methods", "--plugin", file, "--json"))}
