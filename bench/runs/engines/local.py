"""The engine `local`: run after run in this process, leaving for later what another command is at."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress

from bench.core.cache_folder import run_lock
from bench.core.console import Report
from bench.core.errors import came_of_interruption
from bench.core.storage.turns import is_taken, one_at_a_time
from bench.data.cache import DiskCache
from bench.results.record import Record
from bench.results.store import InvalidRecord, Store
from bench.runs.engines.unit import Done, Failure, Result, Unit, failure_of
from bench.runs.pretraining.job import pretraining_lock
from bench.runs.recording.record import Finished
from bench.runs.resolve import Options, ResolvedRun
from bench.runs.run import checkpoint_folder, evaluate_run, pretrained_backbone, unfinished
from bench.runs.world import World


class LocalEngine:
    """Runs one after the other. With `fail_fast` the first error ends it, as it is."""

    def __init__(
        self, options: Options, world: World, embeddings: DiskCache, report: Report, *, fail_fast: bool = False
    ) -> None:
        self.options, self.world, self.embeddings, self.report = options, world, embeddings, report
        self.fail_fast = fail_fast
        self.store = Store(options.results)
        self._broken: dict[str, Failure] = {}
        """Checkpoint -> why its pretraining failed."""

    def carry_out(self, units: Sequence[Unit]) -> Iterator[Result]:
        """See `Engine`; first the runs that nobody else is at, then, one by one, what others have left."""
        later = []
        for run in (run for unit in units for run in unit.runs):
            if self._is_taken(run):
                later.append(run)
            else:
                yield self._make(run)
        for run in later:
            yield self._make(run)

    def _is_taken(self, run: ResolvedRun) -> bool:
        """Whether another command makes this run or its encoder."""
        locks = [run_lock(run.identity, self.options.cache)]
        if run.corpus is not None:
            locks.append(pretraining_lock(checkpoint_folder(run, self.options.cache)))
        return any(map(is_taken, locks))

    def _make(self, run: ResolvedRun) -> Result:
        with one_at_a_time(run_lock(run.identity, self.options.cache), str(run.plan), self.report):
            stored = self._stored(run)
            if stored is not None:
                self.report.say(f"{run.plan}: stored by another command meanwhile")
                return Done(run.identity, stored, made=False)
            done = self._attempt(run)
            if isinstance(done, Failure):
                self.report.warn(f"{done.what} failed: {done.reason}")
                self.store.require_writable()
                return done
            self.report.say(f"stored {self.store.add(done.record, done.cases)}")
            shutil.rmtree(unfinished(run.identity, self.options).parent, ignore_errors=True)
            return Done(run.identity, done.record)

    def _stored(self, run: ResolvedRun) -> Record | None:
        """The record of a run that another command has stored since the store was read."""
        place = run.place(self.world.data(run.plan.task.data).kind)
        path = self.store.runs / f"{place}.json"
        with suppress(InvalidRecord):
            return self.store.read(path)
        return None

    def _attempt(self, run: ResolvedRun) -> Finished | Failure:
        """Pretrain and evaluate; an error of either is this run's alone, or of those that share the pretraining."""
        self.report.say(f"{run.plan}")
        key, pretraining = run.hashes["checkpoint"], True
        if key in self._broken:
            before = self._broken[key]
            return Failure(run.identity, str(run.plan), before.reason, before.trace, before.encoder, before.again)
        try:
            encoder = pretrained_backbone(run, self.options, self.report)
            pretraining = False
            return evaluate_run(run, encoder, self.options, self.world, self.embeddings, self.report)
        except Exception as error:
            if came_of_interruption(error):
                raise KeyboardInterrupt from error
            if self.fail_fast:
                raise
            failure = failure_of(run, error, pretraining=pretraining and run.corpus is not None)
        if failure.encoder:
            self._broken[key] = failure
        gc.collect()  # what the error's frames held
        return failure
