"""Plugins: one import per name, closest matches, duplicates, broken plugins."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from bench.core import registry
from bench.core.errors import PluginError, UsageError
from bench.core.plugins.files import import_file
from bench.core.registry import Registry

GOOD = """
from torch import nn
from bench.core.method import Method
class Mine(Method):
    name = "mine"; title = "Mine"; citation = "none"
    def view_transform(self, image_size): return lambda image: image
    def build(self, backbone): return nn.ModuleDict({"backbone": backbone})
    def loss(self, module, views, progress): return {"loss": views.sum()}
"""


def use(monkeypatch, *entries):
    monkeypatch.setattr(registry, "entry_points", lambda group: [e for e in entries if e.group == group])


def test_our_plugins_come_through_entry_points():
    assert set(Registry("method").plugins) >= {"random", "simclr", "byol", "dino", "lvmmed"}
    assert set(Registry("task").plugins) >= {"brain_tumor", "brain_tumor_linear"}


def test_asking_for_one_name_imports_only_that_plugin():
    code = (
        "import sys; from bench.core import registry; registry.methods().get('random'); "
        "print([m for m in sys.modules if m.startswith('methods.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['methods.random']"


def test_unknown_name_says_closest_match_and_what_exists():
    with pytest.raises(UsageError, match=r"Unknown method 'simcrl'. Did you mean 'simclr'\? Known: .*lvmmed"):
        Registry("method").get("simcrl")


def test_two_packages_with_one_name_are_an_error(monkeypatch):
    use(
        monkeypatch,
        EntryPoint("simclr", "methods.simclr:SimCLR", "bench.methods"),
        EntryPoint("simclr", "other.package:SimCLR", "bench.methods"),
    )
    with pytest.raises(PluginError, match=r"methods\.simclr:SimCLR.*other\.package:SimCLR"):
        Registry("method")


def test_broken_plugin_fails_when_asked_for_and_not_before(monkeypatch):
    use(
        monkeypatch,
        EntryPoint("broken", "no_such_package_here:Thing", "bench.methods"),
        EntryPoint("random", "methods.random:Random", "bench.methods"),
    )
    found = Registry("method")
    assert found.get("random").name == "random"
    with pytest.raises(PluginError, match="no_such_package_here"):
        found.get("broken")


def test_name_of_class_and_entry_point_must_agree(monkeypatch):
    use(monkeypatch, EntryPoint("other", "methods.random:Random", "bench.methods"))
    with pytest.raises(PluginError, match="registered as 'other' but calls itself 'random'"):
        Registry("method").get("other")


def test_method_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    found = Registry("method")
    assert found.add_module(import_file(path), path) == ["mine"]
    assert found.get("mine").title == "Mine"


def test_a_private_class_of_a_file_is_a_base_and_no_method(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD.replace("class Mine", "class _Base") + "\n\nclass Mine(_Base):\n    pass\n")
    assert Registry("method").add_module(import_file(path), path) == ["mine"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (GOOD.replace('citation = "none"', ""), "Mine from .*mine.py lacks citation"),
        (GOOD.replace("def loss", "def losses"), r"lacks loss\(\)"),
        (GOOD.replace("def view_transform", "def views"), r"lacks view_transform\(\)"),
        (GOOD.replace('name = "mine"', 'name = "simclr"'), "Two plugins claim the method name 'simclr'"),
        ("import no_such_module_at_all", "failed to import: ModuleNotFoundError"),
    ],
)
def test_bad_plugin_files(tmp_path, source, message):
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(PluginError, match=message):
        Registry("method").add_module(import_file(path), path)


def test_missing_plugin_file(tmp_path):
    with pytest.raises(PluginError, match=r"nothing\.py does not exist"):
        import_file(tmp_path / "nothing.py")


def test_tasks_that_files_declare_replace_those_declared_before():
    from dataclasses import replace
    from pathlib import Path

    tasks = Registry("task")
    mine = replace(tasks.get("drive"), name="mine")
    tasks.declare({Path("a.toml"): mine})
    assert tasks.get("mine") is mine
    assert tasks.plugin("mine").location == "a.toml"
    tasks.declare({Path("b.toml"): replace(mine, name="yours")})
    assert "mine" not in tasks.plugins
    with pytest.raises(PluginError, match="claim the task name 'drive'"):
        tasks.declare({Path("c.toml"): replace(mine, name="drive")})


def test_layouts_are_checked(monkeypatch):
    use(monkeypatch, EntryPoint("odd", "methods.random:Random", "bench.layouts"))
    with pytest.raises(PluginError, match=r"is not a subclass of bench\.core\.layout\.Layout"):
        Registry("layout").get("odd")


def test_what_cannot_be_used_is_left_out_with_one_warning(monkeypatch, capsys):
    use(
        monkeypatch,
        EntryPoint("broken", "no_such_package_here:Thing", "bench.methods"),
        EntryPoint("random", "methods.random:Random", "bench.methods"),
    )
    found = Registry("method")
    monkeypatch.setattr(registry, "_SAID", set())
    assert [list(found.working()) for _ in range(2)] == [["random"], ["random"]]
    assert capsys.readouterr().err.count("Warning: left out: The method 'broken' of package") == 1
    said = []
    monkeypatch.setattr(registry, "_SAID", set())
    found.working(warn=said.append)
    assert len(said) == 1


def test_a_file_given_again_replaces_itself(tmp_path):
    path, found = tmp_path / "mine.py", Registry("method")
    for title in ("Mine", "Yours"):
        path.write_text(GOOD.replace('"Mine"', f'"{title}"'))
        assert found.add_module(import_file(path), path) == ["mine"]
        assert found.get("mine").title == title
