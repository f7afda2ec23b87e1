"""Checks of one's own plugins, for their tests, as scikit-learn's `check_estimator`:

    from bench.testing import check_method

    def test_my_method():
        check_method(MyMethod)

Each check raises `bench.PluginError` or `bench.DataError` for the first mistake, with the class, what was found and the
fix, and gives back what it looked at. `bench check NAME|FILE` makes the same checks from the command line.
"""

from bench.runs.checking.backbones import check_backbone as check_backbone
from bench.runs.checking.blame import Checked as Checked
from bench.runs.checking.kinds import check_kind as check_kind
from bench.runs.checking.methods import check_method as check_method
from bench.runs.checking.tasks import check_task as check_task
