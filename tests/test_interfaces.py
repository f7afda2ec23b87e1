"""Plugins of earlier releases find the nouns where they were."""

import bench
from bench import interfaces


def test_the_nouns_are_those_of_the_package():
    offered = {name for name, value in vars(interfaces).items() if not name.startswith("_") and name != "annotations"}
    assert {"Method", "MethodConfig", "Task", "TaskKind", "DataSet", "Case", "Features", "Settings"} <= offered
    shared = offered & set(dir(bench))
    assert {"Method", "TaskKind", "Task"} <= shared
    assert all(getattr(interfaces, name) is getattr(bench, name) for name in shared)
