"""`bench data keys`: content keys, by which weights' entries name what was pretrained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.data.chosen import found_data_set
from bench.cli.options import Cache, DataFiles, DataRoot, Json, Plugins, echo, print_json


def keys(
    task: Annotated[str, typer.Argument(help="One task, or that of --data.")] = "",
    export: Annotated[Path | None, typer.Option("--export", help="Write the keys to this file, one a line.")] = None,
    data_root: DataRoot = None,
    data_file: DataFiles = None,
    plugin: Plugins = None,
    cache: Cache = None,
    as_json: Json = False,
) -> None:
    """Print the content key of every case: a hash of what its image or volume shows, whatever the file's name.

    A file of keys is what `pretrained_on` of an entry of weights takes; it tells nobody anything else of the images.
    """
    from bench.core.cache_folder import default_cache
    from bench.core.console import Report
    from bench.core.files import write_text
    from bench.data.cache import FOLDER, DiskCache
    from bench.data.content import content_keys, read_contents, sources_of
    from bench.data.dataset import read_data

    root, data_set = found_data_set(task, data_root, data_file, plugin)
    data, report = read_data(data_set, root), Report(quiet=as_json)
    with report.live():
        contents = read_contents(sources_of(data), report, DiskCache((cache or default_cache()) / FOLDER, report))
    found = content_keys(data, contents)
    if export:
        write_text(export, "".join(f"{key}\n" for key in sorted(set(found.values()))))
    if as_json:
        print_json(found)
    elif export:
        echo(f"Wrote {len(set(found.values()))} content keys of {len(found)} cases to {export}.")
    else:
        for case, key in found.items():
            echo(f"{key}  {case}")
