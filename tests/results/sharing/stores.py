"""Stores whose records refer to files that are there, as those of runs do."""

import json
import zipfile

import numpy as np

from bench.results.companions import SplitFiles
from bench.results.record import fields_digest
from bench.results.store import Store
from tests.results.stores_of import N_CASES, add_run

COUNTS = {"n_groups": 2, "n_files": 4, "n_crossing_split": 2, "n_crossing_owner_split": 0, "n_contradictory": 0,
          "n_affected_test_cases": 0, "n_near_affected_test_cases": 4}  # fmt: skip
NEAR = [f"case {i:03d}" for i in range(4)]


def whole_run(results, method="simclr", seed=0, right=0.8, **changes):
    """Store a run of two classes with its split, its copies, and its scores without these; the record."""
    store = Store(results)
    groups = {"crossing_split": [["a", "b"], ["c", "d"]], "crossing_owner_split": [], "contradictory": [],
              "affected_test_cases": [], "near_affected_test_cases": NEAR}  # fmt: skip
    duplicates = SplitFiles(store.results, f"splits/s-{N_CASES}").write_duplicates(groups, COUNTS)
    hit = np.random.default_rng([seed, len(method)]).uniform(size=N_CASES) < right
    target = np.arange(N_CASES) % 2
    prediction = np.where(np.arange(2) == np.where(hit, target, 1 - target)[:, None], 0.75, 0.25)
    scores = {"accuracy": float(hit.mean())}
    facts = {
        "columns": {"target": target.tolist(), "prediction": prediction.tolist()},
        "metrics": scores,
        "metrics_without_duplicates": scores,
        "metrics_without_near_duplicates": {"accuracy": float(hit[len(NEAR) :].mean())},
        "selection": {"neighbours": 5, "validation_accuracy": 0.5},
        "sweep": [{"neighbours": 5, "validation": 0.5}, {"neighbours": 20, "validation": 0.25}],
        "duplicates": duplicates,
        "provenance": {"dirty": False, "commit": "c"},
    }
    return add_run(store, method, seed, right, **(facts | changes))


def edit(results, record, change, *, reseal=False):
    """Change the fields of a stored record by `change(fields)`; with `reseal` its digest too. The file's name."""
    path = Store(results).path(record)
    fields = json.loads(path.read_text())
    change(fields)
    if reseal:
        fields["digest"] = fields_digest(fields)
    path.write_text(json.dumps(fields))
    return path.relative_to(results).as_posix()


def zipped(path, members, method=zipfile.ZIP_STORED):
    """A zip file of members: (name or `ZipInfo`, content)."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=method)
    return path


def members_of(path):
    """Name -> content of a zip file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
