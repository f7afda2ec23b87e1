"""How long `bench --help` takes, as a ratio to starting Python alone. Run: python perf/cli_startup.py."""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "bench --help": [sys.executable, "-m", "bench", "--help"],
    "bench list tasks": [sys.executable, "-m", "bench", "list", "tasks"],
    "python -c 'import torch'": [sys.executable, "-c", "import torch"],
}
ROUNDS = 5


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for name in [*COMMANDS] + [n for _ in range(ROUNDS) for n in COMMANDS]:  # the first round warms the disk cache
        times[name].append(seconds(COMMANDS[name]))
    base = statistics.median(times["python -c pass"][1:])
    print(f"| command | median of {ROUNDS} (s) | ratio to python -c pass |\n|---|---|---|")
    for name, values in times.items():
        median = statistics.median(values[1:])
        print(f"| {name} | {median:.3f} | {median / base:.1f} |")


if __name__ == "__main__":
    main()
