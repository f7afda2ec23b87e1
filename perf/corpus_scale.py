"""How long a pretraining on very many images takes to start, and in how much memory.

    python perf/corpus_scale.py                          # a million hard links of 300 small images
    python perf/corpus_scale.py --entries 100000         # a quick look
    python perf/corpus_scale.py --files distinct         # every entry a file of its own content
    python perf/corpus_scale.py --held-out               # beside a data set that is evaluated on

Writes images, a manifest and a cache to a temporary folder, and removes them. Each start is a process of its own that
does what `bench pretrain --images MANIFEST` does until its first step: read the manifest, hash the files, leave out
what is evaluated on, tell the identity, build the data set, decode or stream, and make the first batch. Hard links
have equal contents, which count once: the corpus is then of 300 images. `--files distinct` appends a number to each
file after the end of its image, so that the corpus has as many images as the manifest has entries.

The first start hashes, and decodes a corpus that the cache holds; `BENCH_DECODED_GIB=0.5` makes it stream.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

DIFFERENT = 300
A_FOLDER = 1000
"""Files: no folder has more than a file system lists well."""
SIDE = 64
START = """
import json, resource, sys, time
began, cpu = time.perf_counter(), time.process_time()
rows = []
def done(what):
    global began, cpu
    now, used = time.perf_counter(), time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows.append((what, now - began, used - cpu, peak))
    began, cpu = time.perf_counter(), time.process_time()
from pathlib import Path
from bench.core.console import Report
from bench.core.registry import methods, tasks
from bench.engine.compute import Compute
from bench.engine.datasets import fill
from bench.pretraining.loop import Pretraining
from bench.pretraining.manifest import Listing
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings
from bench.runs.resolve import corpus_facts
from bench.runs.world import World
manifest, cache, root, workers = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
report = Report(quiet=True)
world = World(Path(root), report, cache=cache) if root else World.without_data(cache, report)
cls = methods().get("simclr")
done("imports")
listing = Listing(manifest)
done("read the manifest")
world._manifests[manifest] = listing.images(world.fingerprints)
done("fingerprints of files")
corpus = world.corpus(str(manifest), None, 0)
done("leave out what is evaluated on")
facts = corpus_facts(corpus, balanced=True)
done("identity")
settings = PretrainSettings.model_validate(QUICK_PRETRAIN | {"epochs": 1})
method = cls(cls.config_class(**cls.quick))
run = Pretraining(method, "resnet18", corpus, settings, 0, Compute("cpu", workers, False), world.decoded)
done("build model and data set")
fill(run.dataset, "corpus", report)
done("decode, or look what is decoded")
views = iter(run.loader)
next(views)
done("the first batch")
print(json.dumps({"images": len(corpus.images), "rows": rows, "facts": repr(facts)}))
"""


def write_images(folder: Path) -> list[Path]:
    """A few hundred small JPEG files of smooth noise."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(DIFFERENT):
        noise = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg")
    return sorted(folder.iterdir())


def write_manifest(folder: Path, entries: int, *, distinct: bool) -> Path:
    """Entries in folders of a thousand, and the manifest that lists them."""
    images = write_images(folder / "images")
    contents = [path.read_bytes() for path in images]
    manifest = folder / "corpus.csv"
    with manifest.open("w") as file:
        file.write("path,modality\n")
        for number in range(entries):
            name = f"scans/{number // A_FOLDER:04d}/{number:07d}.jpg"
            path = folder / name
            if number % A_FOLDER == 0:
                path.parent.mkdir(parents=True)
            if distinct:
                path.write_bytes(contents[number % DIFFERENT] + str(number).encode())
            else:
                path.hardlink_to(images[number % DIFFERENT])
            file.write(f"{name},{'X-ray' if number % 3 else 'CT'}\n")
    return manifest


def require_room(folder: Path, entries: int, *, distinct: bool) -> None:
    """End with an error where the file system has too few free inodes or bytes."""
    free = os.statvfs(folder)
    wanted = (entries if distinct else 0) + entries // A_FOLDER + 10 * DIFFERENT
    if 0 < free.f_ffree < 2 * wanted:
        sys.exit(f"{folder} has {free.f_ffree} free inodes, and {2 * wanted} are needed: choose another TMPDIR.")
    n_bytes = entries * (4096 * 5 * distinct + 500)  # files, what is decoded of them, manifest and hashes
    if free.f_bavail * free.f_frsize < n_bytes:
        sys.exit(f"{folder}: {n_bytes / 2**30:.0f} GiB are needed: choose another TMPDIR.")


def start(manifest: Path, cache: Path, root: Path | None, workers: int) -> dict:
    command = [sys.executable, "-c", START, str(manifest), str(cache), str(root or ""), str(workers)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def phantom(folder: Path) -> Path:
    from bench.core.registry import tasks
    from bench.data.phantom import ensure_phantom

    return ensure_phantom(tasks().get("brain_tumor").data, folder)


def report(name: str, found: dict) -> None:
    print(f"\n| {name}, {found['images']} images | seconds | CPU seconds | peak memory, GiB |\n|---|---|---|---|")
    for what, seconds, cpu, peak in found["rows"]:
        print(f"| {what} | {seconds:.1f} | {cpu:.1f} | {peak:.2f} |")
    seconds, cpu = (sum(row[place] for row in found["rows"]) for place in (1, 2))
    peak = max(row[3] for row in found["rows"])
    print(f"| **all** | {seconds:.1f} | {cpu:.1f} | {peak:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--files", choices=("linked", "distinct"), default="linked")
    parser.add_argument("--held-out", action="store_true", help="under a data root with the phantom of brain_tumor")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--starts", type=int, default=2)
    arguments = parser.parse_args()
    distinct = arguments.files == "distinct"
    require_room(Path(tempfile.gettempdir()), arguments.entries, distinct=distinct)
    with tempfile.TemporaryDirectory(prefix="corpus-scale-") as name:
        folder, began = Path(name), time.perf_counter()
        manifest = write_manifest(folder, arguments.entries, distinct=distinct)
        print(
            f"{arguments.entries} entries ({arguments.files}) made in {time.perf_counter() - began:.0f} s", flush=True
        )
        root = phantom(folder / "data") if arguments.held_out else None
        time.sleep(3)  # a file younger than two seconds is hashed again
        facts = set()
        for number in range(arguments.starts):
            found = start(manifest, folder / "cache", root, arguments.workers)
            report(f"start {number + 1}", found)
            facts.add(found["facts"])
        assert len(facts) == 1, "every start tells the same identity"
        shutil.rmtree(folder / "scans")


if __name__ == "__main__":
    main()
