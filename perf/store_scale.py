"""How reading a store grows with the number of records: whole, with its index, and to the boards' files.

    python perf/store_scale.py --sizes 1000 10000 100000

Records are made here, each with a Parquet file of cases, in a temporary folder (100 000 take about 800 MB there).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEEDS, METHODS = 5, 40
READ = """
import resource, sys, time
from pathlib import Path
start = time.perf_counter()
from bench.results.boards import regenerate
done = regenerate(Path(sys.argv[1]), Path(sys.argv[2]))
seconds = time.perf_counter() - start
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(done.records, seconds, sum(peaks) / 1024)
"""


def make_store(results: Path, n_records: int) -> None:
    """Methods x seeds x tasks, as many tasks as it takes."""
    from bench.results.case_table import case_table, file_hash, to_bytes
    from bench.results.store import Store
    from tests.records_of import consistent, record

    store = Store(results)
    cases = to_bytes(case_table({"target": [0], "prediction": [[1.0, 0.0]]}))
    for i in range(n_records):
        task, rest = divmod(i, SEEDS * METHODS)
        method, seed = divmod(rest, SEEDS)
        score = 0.3 + 0.005 * method + 0.01 * ((i * 7919) % 13)
        made = consistent(record(f"method_{method}", seed, score, task=f"task_{task}", data_set=f"set_{task}"))
        made = made.model_copy(update={"cases": made.cases.model_copy(update={"sha256": file_hash(cases)})})
        path = store.path(made)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".parquet").write_bytes(cases)
        path.write_text(made.sealed().to_json())


def read(results: Path, cache: Path) -> tuple[float, float]:
    """Seconds and peak memory (MiB, of the process and of its largest child) of regenerating all boards."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(results), str(cache)], stdout=subprocess.PIPE, text=True, check=True
    )
    _, seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000, 100000])
    sizes = parser.parse_args().sizes
    print(f"{'records':>8} {'read':>12} {'s':>7} {'ms/record':>10} {'peak MiB':>9}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            results, cache = Path(folder) / "results", Path(folder) / "cache"
            start = time.perf_counter()
            make_store(results, size)
            made = time.perf_counter() - start
            for what in ("from files", "from index"):
                seconds, peak = read(results, cache)
                print(f"{size:>8} {what:>12} {seconds:>7.2f} {1000 * seconds / size:>10.3f} {peak:>9.0f}", flush=True)
            print(f"{'':>8} {'(made in':>12} {made:>7.0f} s)")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
