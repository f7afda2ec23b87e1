"""The command `bench data duplicates`: parse and print, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.data.chosen import found_data_set
from bench.cli.options import Cache, DataFiles, DataRoot, Json, Plugins, Quiet, echo, print_json

if TYPE_CHECKING:
    from bench.data.dataset import Data
    from bench.data.near_duplicates.groups import Copies

_SHOWN = 20
"""Groups that are printed; `--json` and `--html` have all."""


def duplicates(
    task: Annotated[str, typer.Argument(help="One task, or that of --data.")] = "",
    near: Annotated[
        bool,
        typer.Option(
            "--near/--exact",
            help="Count resized, compressed, mirrored, cropped and brighter copies, too; or equal pixels alone.",
        ),
    ] = True,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page of the groups' pictures.")] = None,
    data_root: DataRoot = None,
    data_file: DataFiles = None,
    plugin: Plugins = None,
    cache: Cache = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find images that are in a data set more than once, whatever their files' bytes, and say where they stand."""
    from bench.core.cache_folder import default_cache
    from bench.core.console import Report
    from bench.data.cache import FOLDER, DiskCache
    from bench.data.dataset import read_data
    from bench.data.near_duplicates.groups import find_copies
    from bench.data.near_duplicates.page import write_page

    root, data_set = found_data_set(task, data_root, data_file, plugin)
    report = Report(quiet=quiet or as_json)
    data = read_data(data_set, root)
    with report.live():
        copies = find_copies(data, report, DiskCache((cache or default_cache()) / FOLDER, report), near=near)
    if html:
        write_page(html, data, copies, copies.near)
    if as_json:
        print_json(_facts(data, copies, near=near))
    else:
        _print(data, copies, near=near)
        if html:
            echo(f"Wrote {html}")


def _facts(data: Data, copies: Copies, *, near: bool) -> dict[str, Any]:
    from bench.data.near_duplicates.groups import describe_groups

    kinds = {"exact": copies.exact} | ({"near": copies.near} if near else {})
    counts = {kind: describe_groups(groups, data) | {"groups": groups} for kind, groups in kinds.items()}
    pairs = [pair._asdict() for pair in copies.pairs]
    return {"data_set": data.data_set.name, "kind": data.kind, **counts} | ({"pairs": pairs} if near else {})


def _print(data: Data, copies: Copies, *, near: bool) -> None:
    facts = _facts(data, copies, near=near)
    n_test = sum(case.owner_split == "test" for case in data.cases)
    names = {"exact": "equal pixels or voxels", "near": "equal or nearly equal"}
    for kind, name in ((kind, name) for kind, name in names.items() if kind in facts):
        row = facts[kind]
        echo(f"{name}: {row['n_groups']} groups of {row['n_cases']} cases of {len(data.cases)}")
        if n_test:
            echo(
                f"  {row['n_crossing_owner_split']} on both sides of the owner's split: "
                f"{row['n_test_cases_in_training']} of {n_test} test cases are training images too"
            )
        echo(f"  {row['n_contradictory']} with contradicting labels")
    groups = copies.near
    for group in groups[:_SHOWN]:
        echo("  " + " = ".join(group))
    if len(groups) > _SHOWN:
        echo(f"  ... and {len(groups) - _SHOWN} more (--json and --html have all)")
