"""Metrics of predictions: over all cases or some, by domain, over draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.evaluation.adaptation import Adaptation
from bench.results.statistics.run_draws import mean_scores


def mean_over(parts: Mapping[str, Mapping[str, float | None]]) -> dict[str, float | None]:
    """Mean of each metric over domains or draws; None where one of them lacks it."""
    return mean_scores(list(parts.values()))


def overall_scores(
    kind: TaskKind,
    cases: Sequence[Case],
    adaptation: Adaptation,
    domains: Mapping[str, Mapping[str, float | None]],
    keep: np.ndarray,
) -> dict[str, float | None]:
    """Metrics over the kept cases: means over the domains or the draws, where there are any."""
    if domains:
        return mean_over(domains)
    if adaptation.draws:
        return mean_over(
            {str(i): _score_subset(kind, cases, d.predictions, keep) for i, d in enumerate(adaptation.draws)}
        )
    return _score_subset(kind, cases, adaptation.predictions, keep)


def score_predictions(
    kind: TaskKind, domains: Sequence[str], cases: Sequence[Case], adaptation: Adaptation
) -> tuple[dict[str, float | None], dict[str, dict[str, float | None]]]:
    """The metrics of a record, and those by domain, of predictions for cases; of domains that have any."""
    keep = np.ones(len(cases), dtype=bool)
    there = [domain for domain in domains if any(case.domain == domain for case in cases)]
    by_domain = score_domains(kind, there, cases, adaptation.predictions, keep)
    return overall_scores(kind, cases, adaptation, by_domain, keep), by_domain


def score_domains(
    kind: TaskKind, domains: Sequence[str], cases: Sequence[Case], predictions: np.ndarray, keep: np.ndarray
) -> dict[str, dict[str, float | None]]:
    """Domain -> metrics over its kept cases; empty where the data set has no domains."""
    places = np.array([case.domain for case in cases])
    return {d: _score_subset(kind, cases, predictions, keep & (places == d)) for d in domains}


def _score_subset(
    kind: TaskKind, cases: Sequence[Case], predictions: np.ndarray, keep: np.ndarray
) -> dict[str, float | None]:
    kept = [case for case, k in zip(cases, keep, strict=True) if k]
    return kind.score(kept, predictions[keep]) if kept else {}
