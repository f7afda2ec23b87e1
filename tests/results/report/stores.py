"""A store whose names are hostile, and its report."""

from bench.results.index import read_frame
from bench.results.report.page import report_html
from tests.results.stores_of import add_run, three_methods

SCRIPT = "<script>window.hacked=1<_script>"
"""A method that would run where it is not escaped; with no slash, which divides folders."""
QUOTES = "\"'&<b onclick=x>\x07\u202e"


def hostile_store(folder):
    """Three methods and a hostile one under two protocols, a variant, and records with a sweep."""
    store = three_methods(folder)
    sweep = [{"regularisation": 10.0**n, "validation": 0.5 + n / 100} for n in range(3)]
    efficiency = {"pretrain_seconds": 30.0, "adapt_seconds": 10.0, "parameters": 1e6}
    for seed in range(3):
        more = {"protocol": "knn", "efficiency": efficiency, "sweep": sweep}
        for method, right in (("simclr", 0.9), (SCRIPT, 0.4), ("a</style>b", 0.5)):
            add_run(store, method, seed, right, **more)
        changed = {"method": {"alpha": QUOTES}}
        add_run(store, "simclr", seed, 0.7, config=changed, overrides=changed, **more)
    return store


def report_of(store, **more):
    """The text of its report, beside the results folder."""
    return report_html(read_frame(store)[0], [QUOTES], store.results.parent / "report.html", **more)
