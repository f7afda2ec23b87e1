"""CPU time of commands that only print, user and system, and its ratio to that of starting Python alone.

Run: python perf/cli_startup.py
"""

import resource
import statistics
import subprocess
import sys

BENCH = [sys.executable, "-m", "bench"]
PRINTING = ("--help", "list methods --json", "list tasks", "show lvmmed", "show simclr --json", "show brain_tumor")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    **{f"bench {arguments}": [*BENCH, *arguments.split()] for arguments in PRINTING},
    "python -c 'import torch'": [sys.executable, "-c", "import torch"],
}
ROUNDS = 5


def cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for name in [*COMMANDS] + [n for _ in range(ROUNDS) for n in COMMANDS]:  # the first round warms the disk cache
        times[name].append(cpu_seconds(COMMANDS[name]))
    base = statistics.median(times["python -c pass"][1:])
    print(f"| command | CPU, median of {ROUNDS} (s) | ratio to python -c pass |\n|---|---|---|")
    for name, values in times.items():
        median = statistics.median(values[1:])
        print(f"| {name} | {median:.3f} | {median / base:.1f} |")


if __name__ == "__main__":
    main()
