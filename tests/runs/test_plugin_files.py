"""`--plugin FILE`: everything that it defines is known afterwards, and the same file may be given again."""

import pytest

from bench.core import registry
from bench.core.errors import PluginError
from bench.models.specs import find_backbone
from bench.runs.plugin_files import add_files
from tests.plugins_of import METHOD, TASK, write_plugin

MORE = """
from tasks.kinds.classification import Classification
from tasks.drive import TASK as SHIPPED
from bench import BackboneSpec, Features


class Grades(Classification):
    name = "grades"


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 4, 4)

    def forward(self, images):
        maps = self.layer(images)
        return Features([maps], maps.mean((2, 3)))


MEAN = BackboneSpec("mean", "one layer", channels=(8,), strides=(4,), given=Mean)
"""


def test_a_file_defines_methods_tasks_kinds_and_backbones(tmp_path):
    path = write_plugin(tmp_path, METHOD + TASK + MORE)
    expected = {"method": ["pairs"], "kind": ["grades"], "task": ["drive", "own_arrays"], "backbone": ["mean"]}
    for _ in range(2):
        assert {noun: sorted(names) for noun, names in add_files([path]).items()} == expected
    assert registry.methods().get("pairs").title == "Pairs of views"
    assert registry.tasks().get("own_arrays").kind == "classification"
    assert registry.tasks().plugin("drive").package == "medical-ssl-bench"
    assert registry.kinds().get("grades").__name__ == "Grades"
    assert str(find_backbone("mean").version).startswith("source:")


def test_a_file_without_a_plugin(tmp_path):
    with pytest.raises(PluginError, match=r"plugin\.py defines no subclass of bench\.Method or bench\.TaskKind"):
        add_files([write_plugin(tmp_path, "x = 1")])


def test_a_name_that_is_taken(tmp_path):
    with pytest.raises(PluginError, match="Two plugins claim the method name 'simclr'"):
        add_files([write_plugin(tmp_path, METHOD.replace('"pairs"', '"simclr"'))])
    with pytest.raises(PluginError, match=r"'resnet18'.*this name is taken by a backbone"):
        add_files([write_plugin(tmp_path, METHOD + MORE.replace('"mean", "one', '"resnet18", "one'))])


def test_a_changed_backbone_has_another_version(tmp_path):
    versions = []
    for change in ("4, 4", "8, 8"):
        add_files([write_plugin(tmp_path, METHOD + MORE.replace("4, 4", change))])
        versions.append(find_backbone("mean").version)
    assert versions[0] != versions[1]
