"""The cases of a data set, with what a user's file says of their subjects and sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.errors import DataError, closest
from bench.core.escape import one_line
from bench.core.task import Case, DataSet
from bench.data.root import is_own_phantom


def list_cases(data_set: DataSet, folder: Path) -> list[Case]:
    """The cases in a folder, sorted by id, with the subjects and sites that a file's expressions find in their ids.

    Raises:
        DataError: as the reader does; an id that such an expression does not fit; a site that is not declared.
    """
    cases = sorted(data_set.reader.read(folder), key=lambda case: case.id)
    own = data_set.declared
    if own is None:
        return cases
    domains = data_set.domains
    if is_own_phantom(own, folder):  # whose names are none of the owner's
        return (
            [replace(c, domain=domains[i % len(domains)]) for i, c in enumerate(cases)]
            if own.site and domains
            else cases
        )
    if own.subject:
        cases = [replace(case, subject=part_of_id(case, own.subject, "subject")) for case in cases]
    if own.site:
        cases = [replace(case, domain=part_of_id(case, own.site, "site")) for case in cases]
    for case in cases if domains else ():
        _check_site(case, domains)
    return cases


def _check_site(case: Case, domains: Sequence[str]) -> None:
    if case.domain is None:
        raise DataError(
            f"{one_line(case.image)}: nothing says of which site it is, and `sites` has {', '.join(domains)}.\n"
            "Say it in [layout] (a column, or {site} in a template), or by `site` of the data set's file."
        )
    if case.domain not in domains:
        found, known = one_line(case.domain), ", ".join(domains)
        raise DataError(
            f"{one_line(case.image)}: its site {found!r} is none of the declared ones ({known})."
            f"{closest(case.domain, domains)}\nAdd it to `sites` of the data set's file."
        )


def part_of_id(case: Case, pattern: str, what: str) -> str:
    """What the group of an expression finds in a case's id. Raises `DataError` where it finds nothing."""
    found = re.search(pattern, case.id)
    if not found or not found[1]:
        raise DataError(
            f"{one_line(case.image)}: the expression {pattern!r} finds no {what} in {one_line(case.id)!r}.\n"
            f"Correct `{what}` of the data set's file: its group has to fit every case."
        )
    return str(found[1])
