"""The cells of a request: its grid in every profile and corpus, and declared ablations beside the methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bench.core.errors import UsageError, closest
from bench.core.registry import methods
from bench.runs.plan import PlannedRun, make_plan
from bench.runs.request import RunRequest
from bench.runs.settings_file import NAMED, SettingsFile


def plan_cells(request: RunRequest, names: Sequence[str]) -> tuple[list[PlannedRun], list[str]]:
    """The runs of a request, each once, and what a reader should know: what was merged or left out.

    `names` are its methods, those of its weights included.

    Raises:
        UsageError: unknown names, all of them, an ablation that no method declares, or a protocol that a task cannot
            have.
    """
    runs: list[PlannedRun] = []
    notices: list[str] = []
    for part in request.parts:
        found, said = make_plan(
            names, part.tasks, part.protocols, part.backbones, part.seeds, part.profile, part.settings, part.config
        )
        notices += said
        several = part.corpus != (request.corpora or (part.corpus,))[0]
        own = (run for run in found if not several or methods().get(run.method).pretrains)
        runs += [replace(run, profile=part.profile, corpus=part.corpus) for run in own]
    notices += _unused(request.config, runs)
    return list(_with_ablations(runs, request.ablations)), list(dict.fromkeys(notices))


def _with_ablations(runs: Sequence[PlannedRun], wanted: Sequence[str]) -> Iterator[PlannedRun]:
    """Each run, and after it the same with the changes of each wanted ablation that its method declares."""
    declared = {run.method: methods().get(run.method).ablations for run in runs} if wanted else {}
    known = {name for ablations in declared.values() for name in ablations}
    for name in wanted:
        if name != "all" and name not in known:
            of = ", ".join(dict.fromkeys(run.method for run in runs))
            raise UsageError(
                f"Unknown ablation {name!r} of {of}.{closest(name, known)} Known: {', '.join(sorted(known)) or 'none'}."
            )
    for run in runs:
        yield run
        for name, changes in declared.get(run.method, {}).items():
            if name in wanted or "all" in wanted:
                method = {**run.overrides.get("method", {}), **changes}
                yield replace(run, overrides={**run.overrides, "method": method})


def _unused(config: SettingsFile, runs: Iterable[PlannedRun]) -> Iterator[str]:
    """A line for each table of one task or protocol that no run has."""
    used = [(run.task.name, run.protocol) for run in runs]
    for place, section in enumerate(NAMED):
        found = list(dict.fromkeys(names[place] for names in used))
        for name in config.named.get(section, {}):
            if name not in found:
                yield f"[{section}.{name}] is used by no run; the {section}s of these are {', '.join(found)}"
