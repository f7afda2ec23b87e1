"""What runs will take, from the seconds that stored records hold."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.results.record import Record
from bench.runs.config import RunConfig

if TYPE_CHECKING:
    from bench.runs.resolve import ResolvedRun

Key = tuple[str, ...]


class Costs:
    """Medians of recorded seconds: of equal settings, else of the same work at another length.

    A pretraining of other epochs or another corpus is estimated by seconds an image, where method, backbone, image
    size and precision are the same; an evaluation under other settings by the same task, protocol and backbone.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.devices: set[str] = set()
        found: dict[Key, dict[str, float]] = defaultdict(dict)
        for record in records:
            self.devices.add(str(record.provenance.get("device", "unknown")))
            pretraining, checkpoint = record.cost.get("pretrain"), record.hashes["checkpoint"]
            if pretraining and "seconds" in pretraining:  # once for each checkpoint, which many records share
                seconds, images = pretraining["seconds"], pretraining.get("steps", 0) * pretraining.get("batch_size", 0)
                found[_pretraining(record.method, record.backbone, record.config)][checkpoint] = seconds
                if images:
                    key = _rate(record.method, record.backbone, record.config)
                    found[key][checkpoint] = seconds / images
            spent = sum(stage.get("seconds", 0.0) for name, stage in record.cost.items() if name != "pretrain")
            for key in _evaluation(record.task, record.protocol, record.backbone, record.config):
                found[key][record.identity] = spent
        self._seconds = {key: median(values.values()) for key, values in found.items()}

    def pretraining(self, method: str, config: RunConfig, images: int | None) -> float | None:
        """Seconds of a pretraining on a corpus of some images (None: unknown); None where nothing is known."""
        sections = config.sections
        exact = self._seconds.get(_pretraining(method, config.backbone, sections))
        if exact is not None or images is None:
            return exact
        rate = self._seconds.get(_rate(method, config.backbone, sections))
        return None if rate is None else rate * images * config.pretrain.epochs

    def evaluation(self, task: str, protocol: str, config: RunConfig) -> float | None:
        """Seconds of embedding and adapting; None where nothing is known."""
        keys = _evaluation(task, protocol, config.backbone, config.sections)
        return next((self._seconds[key] for key in keys if key in self._seconds), None)


def seconds_of(runs: Sequence[ResolvedRun], records: Iterable[Record], encoders: Collection[str]) -> list[float | None]:
    """What each run will take after those before it, None where nothing is known.

    A pretraining is made by the first of the runs that share it, unless its checkpoint is among `encoders`.
    """
    costs, made = Costs(records), set(encoders)
    found: list[float | None] = []
    for run in runs:
        plan, parts = run.plan, []
        if run.corpus is not None and run.hashes["checkpoint"] not in made:
            made.add(run.hashes["checkpoint"])
            parts.append(costs.pretraining(plan.method, run.config, len(run.corpus.images)))
        parts.append(costs.evaluation(plan.task.name, plan.protocol, run.config))
        known = [part for part in parts if part is not None]
        found.append(sum(known) if len(known) == len(parts) else None)
    return found


def plain(value: Any) -> str:
    """Settings as JSON, in which 8 and 8.0 are the same."""
    return json.dumps(_floats(value), sort_keys=True)


def _floats(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _floats(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_floats(one) for one in value]
    return float(value) if type(value) is int else value


def _pretraining(method: str, backbone: str, sections: Mapping[str, Mapping[str, Any]]) -> Key:
    return ("pretraining", method, backbone, plain(sections["method"]), plain(sections["pretrain"]))


def _rate(method: str, backbone: str, sections: Mapping[str, Mapping[str, Any]]) -> Key:
    work = [sections["pretrain"].get(name) for name in ("image_size", "precision")]
    return ("rate", method, backbone, plain(work))


def _evaluation(task: str, protocol: str, backbone: str, sections: Mapping[str, Mapping[str, Any]]) -> tuple[Key, Key]:
    """Of equal settings, and of any."""
    place = (task, protocol, backbone)
    return ("evaluation", *place, plain(sections["task"]), plain(sections["protocol"])), ("any", *place)
