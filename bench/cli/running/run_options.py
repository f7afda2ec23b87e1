"""The options of every command that runs something, and the arguments that they make up."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from bench.cli.options import (
    Backbones,
    Cache,
    Compile,
    Config,
    CorpusName,
    DataFiles,
    DataRoot,
    Device,
    Log,
    Plugins,
    Profile,
    Protocols,
    Results,
    Seed,
    Seeds,
    Set,
    Split,
    Views,
    Workers,
    listed,
)


def run_options(
    protocol: Protocols = None,
    backbone: Backbones = None,
    seeds: Seeds = None,
    seed: Seed = None,
    profile: Profile = None,
    set_: Set = None,
    config: Config = None,
    corpus: CorpusName = None,
    data_root: DataRoot = None,
    data: DataFiles = None,
    plugin: Plugins = None,
    results: Results = Path("results"),
    cache: Cache = None,
    device: Device = "auto",
    workers: Workers = None,
    views: Views = None,
    compile_: Compile = None,
    split: Split = None,
    log: Log = None,
) -> dict[str, Any]:
    """Those that have a value, as arguments of `bench.run`; a study may give others."""
    from bench.runs.config import parse_overrides

    pairs = [*(set_ or ()), *([f"pretrain.views={views}"] if views else ())]
    options = {
        "protocols": listed(*(protocol or ())), "backbones": listed(backbone or ""), "seeds": seed or seeds,
        "profile": profile, "settings": parse_overrides(pairs), "config": config or (), "corpus": corpus,
        "data_root": data_root, "data": data or (), "plugins": plugin or (), "results": results, "cache": cache,
        "device": device, "workers": workers, "compile": compile_, "split": split,
        "log": listed(*log) if log else None,
    }  # fmt: skip
    return {name: value for name, value in options.items() if value is not None}


def takes_run_options(command: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """Give a command the options of `run_options` after its own, but `without` some; what they make is its `options`.

    An option that a command declares itself is its own, and `options` has the default of it.
    """
    own, every = (inspect.signature(f, eval_str=True).parameters for f in (command, run_options))
    shared = {name: parameter for name, parameter in every.items() if name not in own and name not in without}

    @functools.wraps(command)
    def call(**given: Any) -> None:
        options = run_options(**{name: given.pop(name) for name in shared})
        command(**given, options=options)

    parameters = [*(p for name, p in own.items() if name != "options"), *shared.values()]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call
