"""What a unit of work takes, from the costs that stored records hold: seconds, memory, CPUs and GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.results.record import Record
from bench.runs.engines.unit import Unit
from bench.runs.studies.costs import Costs

LOADING_ON_GPU = 8
"""CPUs that load images for a GPU where nothing else is said; `engine.loaders.MOST_WORKERS`."""
MARGIN = 1.5
"""Of memory, over the largest peak in a record."""
MODEL_MIB = 2048
"""Memory beside what a GPU holds: torch with CUDA, and images on their way."""


@dataclass(frozen=True)
class Resources:
    """Of one unit."""

    cpus: int
    gpus: int
    memory_mib: int | None
    """Of the machine; None where no record tells."""
    seconds: float | None
    """What is known of its length, without margin."""


def unit_seconds(unit: Unit, costs: Costs, *, encoder_there: bool = False) -> float | None:
    """Seconds of a pretraining and its evaluations; None where nothing is known of one of these."""
    first = unit.runs[0]
    parts = [costs.evaluation(run.plan.task.name, run.plan.protocol, run.config) for run in unit.runs]
    if first.corpus is not None and not encoder_there:
        parts.append(costs.pretraining(first.plan.method, first.config, len(first.corpus.images)))
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


class Memory:
    """Peaks of memory in records, by method and task, on one backbone."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._peaks: dict[tuple[str, str, str], int] = {}
        for record in records:
            on_gpu = record.provenance.get("device", "cpu") != "cpu"
            for stage, cost in record.cost.items():
                name = record.method if stage == "pretrain" else record.task
                peak = MODEL_MIB if on_gpu else int(cost.get("peak_memory_mib", 0))
                key = ((stage == "pretrain" and "method") or "task", name, record.backbone)
                self._peaks[key] = max(self._peaks.get(key, 0), peak)

    def of(self, unit: Unit) -> int | None:
        """MiB of a unit, with a margin; None where no record is of its method or tasks."""
        first = unit.runs[0].plan
        keys = [("task", run.plan.task.name, first.backbone) for run in unit.runs]
        keys.append(("method", first.method, first.backbone))
        peaks = [self._peaks[key] for key in keys if key in self._peaks]
        return int(MARGIN * max(peaks)) if peaks else None


def resources_of(
    unit: Unit, records: Sequence[Record], *, cpus: int | None, workers: int | None, gpu: bool, there: bool = False
) -> Resources:
    """What to ask a scheduler for; `cpus` is the user's word, else one for the training and one for each worker.

    `there` says that the encoder is pretrained already.
    """
    loading = workers if workers is not None else LOADING_ON_GPU if gpu else 0
    seconds = unit_seconds(unit, Costs(records), encoder_there=there)
    return Resources(cpus or 1 + loading, int(gpu), Memory(records).of(unit), seconds)


def most(every: Sequence[Resources]) -> Resources:
    """What each of several units gets by with; None where it is known of none."""
    memory = [one.memory_mib for one in every if one.memory_mib is not None]
    seconds = [one.seconds for one in every]
    known = [one for one in seconds if one is not None]
    return Resources(
        max(one.cpus for one in every),
        max(one.gpus for one in every),
        max(memory, default=None),
        max(known) if known and len(known) == len(seconds) else None,
    )
