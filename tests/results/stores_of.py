"""Makes stores with cases, for tests of intervals."""

import csv
import io

import numpy as np

from bench.results.case_table import case_table, file_hash, to_bytes
from bench.results.record import CasesRecord, SplitRecord
from bench.results.store import Store
from tests.records_of import consistent, record

N_CASES = 40


def add_run(store, method="simclr", seed=0, right=0.7, n_cases=N_CASES, columns=None, metrics=None, **changes):
    """Store a run of two classes whose cases are right with a chance of their own and of the method, or `columns`."""
    own = np.random.default_rng([seed, len(method)]).normal(size=n_cases)
    rights = np.random.default_rng(n_cases).uniform(size=n_cases) + 0.1 * own
    hit = rights < right
    target = np.arange(n_cases) % 2
    chosen = np.where(hit, target, 1 - target)
    prediction = np.where(np.arange(2) == chosen[:, None], 0.75, 0.25)
    table = case_table(columns or {"target": target.tolist(), "prediction": prediction.tolist()})
    cases = to_bytes(table)
    names = [f"case {i:03d}" for i in range(n_cases)]
    split = split_of(store, names, changes.pop("split_name", "s"))
    facts = {
        "metrics": metrics or {"accuracy": float(hit.mean()), "macro_auroc": None},
        "split": split,
        "cases": CasesRecord(sha256=file_hash(cases), rows=n_cases, columns=table.column_names),
    }
    made = consistent(record(method, seed, **(facts | changes)))
    store.add(made, cases)
    return store.read(store.path(made))


def split_of(store, names, name):
    """The split with these test cases, written into the store."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    others = [["train 0", "train"], ["train 1", "train"], ["validation 0", "validation"]]
    rows.writerows([["case", "split"], *others, *([case, "test"] for case in names)])
    file = f"splits/{name}-{len(names)}.csv"
    (store.results / "splits").mkdir(parents=True, exist_ok=True)
    (store.results / file).write_text(text.getvalue())
    fingerprint = file_hash(text.getvalue().encode())
    return SplitRecord(fingerprint=fingerprint, file=file, train=2, validation=1, test=len(names))


def three_methods(folder, seeds=3, **changes):
    """A store of three methods: the first two level, the third far below."""
    store = Store(folder / "results")
    for seed in range(seeds):
        for method, right in (("simclr", 0.8), ("byol", 0.795), ("random", 0.3)):
            add_run(store, method, seed, right, **changes)
    return store
