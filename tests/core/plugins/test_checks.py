"""What is wrong with a plugin is said when it is registered: the class, what was found, and the fix."""

from dataclasses import replace

import pytest

from bench.core import registry
from bench.core.errors import PluginError
from bench.core.plugins.checks import check_kind_class, check_method_class, check_task_object
from bench.core.settings import Settings
from tests.plugins_of import METHOD, method_of, replaced, task_of

MISTAKES = {
    "no name": (('    name = "pairs"\n', ""), "Method Pairs from .* lacks name"),
    "empty title": (('title = "Pairs of views"', 'title = " "'), "lacks title"),
    "citation is no text": (('citation = "none"', "citation = None"), "lacks citation"),
    "a name with a blank": (('name = "pairs"', 'name = "my pairs"'), "its name is 'my pairs'; expected letters"),
    "a name that means all": (('name = "pairs"', 'name = "all"'), "its name is 'all'"),
    "a misspelt member": (("def build", "def built"), r"lacks build\(\)"),
    "no views": (("def view_transform", "def views_of"), r"lacks view_transform\(\)"),
    "quick of an unknown setting": (
        ('quick = {"width": 32}', 'quick = {"widht": 32}'),
        "quick names 'widht', which is no setting of PairsConfig. Did you mean 'width'",
    ),
    "quick out of range": (('quick = {"width": 32}', 'quick = {"width": 0}'), "quick is not valid: width: "),
    "quick is no dict": (('quick = {"width": 32}', "quick = 32"), "quick is a int, expected a dict"),
    "a required setting": (('Field(64, ge', "Field(ge"), "PairsConfig has no default for width"),
    "a config of another class": (
        ("class PairsConfig(MethodConfig)", "from pydantic import BaseModel\nclass PairsConfig(BaseModel)"),
        "config_class is PairsConfig, expected a subclass of bench.MethodConfig",
    ),
    "an __init__ of its own": (
        ("    def build", "    def __init__(self, config, width):\n        pass\n\n    def build"),
        r"__init__ must take the settings alone",
    ),
    "no progress": (("def loss(self, module, views, progress)", "def loss(self, module, views)"), "loss.* 3"),
    "an ablation of an unknown setting": (
        ('quick = {"width": 32}', 'ablations = {"narrow": {"breadth": 1}}'),
        r"ablations\['narrow'\] names 'breadth'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_method_is_named_with_its_class(tmp_path, change, message):
    with pytest.raises(PluginError, match=message) as caught:
        method_of(tmp_path, replaced(METHOD, change))
    assert "Pairs" in str(caught.value)


def test_every_plugin_of_this_project_is_sound():
    for name, cls in registry.methods().working().items():
        check_method_class(cls, name)
    for name, cls in registry.kinds().working().items():
        check_kind_class(cls, name)
    for name, task in registry.tasks().working().items():
        check_task_object(task, name)


def test_mistakes_in_a_task(tmp_path):
    task = task_of(tmp_path)
    data = task.data
    for wrong, message in (
        ("text", "is a str, expected a bench.Task"),
        (replace(task, name=""), "its name is ''"),
        (replace(task, data=None), "data is a NoneType, expected a bench.DataSet"),
        (replace(task, data=replace(data, reader=type(data.reader))), r"give an instance: Arrays\(\)"),
        (replace(task, data=replace(data, reader=object())), "its reader object lacks layout, matches, read"),
        (replace(task, data=replace(data, classes="cell")), "classes is 'cell', expected a tuple of names"),
        (replace(task, data=replace(data, phantom="none")), "phantom is a str, expected a function or None"),
    ):
        with pytest.raises(PluginError, match=message):
            check_task_object(wrong, "here")


class Required(Settings):
    side: int


def test_mistakes_in_a_kind():
    kind = registry.kinds().get("classification")
    for changes, message in (
        ({"metrics": ()}, r"metrics is \(\)"),
        ({"settings_class": Required}, "has no default for side"),
        ({"target": tuple}, "pooled_only is for kinds whose Case.target is a class index.* its target is tuple"),
        ({"settings_class": dict}, "settings_class is dict, expected a subclass of bench.Settings"),
        ({"quick": {"imagesize": 3}}, "quick names 'imagesize'.*Did you mean 'image_size'"),
        ({"prepared_by": ("size",)}, "prepared_by names 'size', which is no setting"),
        ({"prepare": lambda self: None}, r"prepare\(\) must take 1 argument"),
    ):
        with pytest.raises(PluginError, match=message):
            check_kind_class(type("Own", (kind,), changes), "here")
    with pytest.raises(PluginError, match="is not a subclass"):
        check_kind_class(dict, "here")
