"""Our pretraining against LightlyTrain's on the same JPEG files: images a second, and from the command to the encoder.

ResNet-18, 96 px, batch 32, SimCLR and DINO, commands as a user types them, in turns, each in a process of its own with
--threads threads and as many cores. A command of two epochs and one of --epochs epochs give images/s by their
difference, so that imports, decoding and export are in the second figure alone. LightlyTrain is no dependency: give the
Python of an environment that has it by --python (`python -m venv peer && peer/bin/pip install lightly-train`); without
it the script says so and ends. Its batch, image size and precision are set to ours, everything else is its default.
Run: python perf/lightlytrain.py --python peer/bin/python [--help].
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pretrain_speed import write_jpegs

PEER = "lightly_train"
METHODS = ("simclr", "dino")


def installed(python: str, package: str) -> str | None:
    """The version of a package in another environment, or None."""
    code = f"import importlib.metadata as m; print(m.version({package.replace('_', '-')!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def theirs(method: str, epochs: int, images: Path, out: Path, arguments: argparse.Namespace) -> list[str]:
    code = (
        "import lightly_train as lt\n"
        "if __name__ == '__main__':\n"
        f"    lt.pretrain(out={str(out)!r}, data={str(images)!r}, model='torchvision/resnet18', method={method!r},\n"
        f"        epochs={epochs}, batch_size={arguments.batch}, num_workers={arguments.threads}, accelerator='cpu',\n"
        f"        precision={arguments.precision!r},\n"
        f"        transform_args={{'image_size': ({arguments.size}, {arguments.size})}},\n"
        "        overwrite=True)\n"
    )
    script = out.with_suffix(".py")
    script.write_text(code)
    return [arguments.python, str(script)]


def ours(method: str, epochs: int, images: Path, out: Path, arguments: argparse.Namespace) -> list[str]:
    budget = {"epochs": epochs, "batch_size": arguments.batch, "image_size": arguments.size}
    pairs = [f"pretrain.{name}={value}" for name, value in {**budget, "precision": arguments.precision}.items()]
    set_ = [text for pair in pairs for text in ("--set", pair)]
    command = ["pretrain", "--method", method, "--images", str(images), "--out", f"{out}.safetensors", *set_]
    return [sys.executable, "-m", "bench", *command, "--cache", f"{out}-cache", "--device", "cpu", "--quiet"]


def seconds(command: list[str], threads: int) -> float:
    own = {"OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def measure(
    method: str, images: Path, folder: Path, arguments: argparse.Namespace
) -> dict[str, list[tuple[float, float]]]:
    """Name -> (images/s, seconds of the longer command) of each turn."""
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "LightlyTrain": []}
    for turn in range(arguments.turns):
        for name, command in (("ours", ours), ("LightlyTrain", theirs)):
            short, long = (
                seconds(
                    command(method, n, images, folder / f"{method}-{name}-{turn}-{n}", arguments), arguments.threads
                )
                for n in (2, arguments.epochs)
            )
            shown = (arguments.epochs - 2) * (arguments.images // arguments.batch) * arguments.batch
            found[name].append((shown / max(long - short, 1e-9), long))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="of an environment with lightly-train")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed"), default="32-true", help="of both")
    for name, value in (("images", 640), ("batch", 32), ("size", 96), ("epochs", 5), ("threads", 2), ("turns", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    version = installed(arguments.python, PEER)
    if version is None:
        print(f"Skipped: lightly-train is not installed for {arguments.python}. --python names a Python that has it.")
        return
    print(f"LightlyTrain {version}, {arguments.precision}, medians of {arguments.turns} turns\n")
    print("| method | images/s, ours | LightlyTrain's | ratio | command to encoder, s, ours | LightlyTrain's | ratio |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        images = Path(name) / "images"
        images.mkdir()
        write_jpegs(images, arguments.images)
        for method in arguments.methods.split(","):
            found = measure(method, images, Path(name), arguments)
            (rate, whole), (their_rate, their_whole) = (
                [statistics.median(part) for part in zip(*turns, strict=True)] for turns in found.values()
            )
            print(
                f"| {method} | {rate:.1f} | {their_rate:.1f} | {rate / their_rate:.2f} "
                f"| {whole:.1f} | {their_whole:.1f} | {their_whole / whole:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
