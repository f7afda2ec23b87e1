"""The command line in tests: small settings, and what a command imports."""

from __future__ import annotations

import subprocess
import sys

SMALL = [
    "--set=pretrain.epochs=1",
    "--set=pretrain.image_size=32",
    "--set=task.image_size=32",
]
"""Options of the smallest runs on embeddings."""
EPOCH = "--set=protocol.epochs=1"
"""Option of the smallest fine-tuning."""


def small(task: str, *more: object) -> list[str]:
    """Options of the smallest run of tasks; a probe on embeddings has no epochs."""
    if "--protocol" in more:
        trained = "finetune" in str(more[more.index("--protocol") + 1])
    else:
        trained = not all(name.endswith("_linear") for name in task.split(","))
    return [*SMALL, EPOCH] if trained else SMALL


def imported_by(*arguments: str) -> set[str]:
    """Names of the packages that a command imports, in a process of its own."""
    code = (
        "import sys\nfrom bench.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('modules', *{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, _, names = done.stdout.rpartition("modules ")
    assert text, "the command printed nothing"
    return set(names.split())
