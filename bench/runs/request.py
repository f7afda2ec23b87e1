"""What a user asked to run, from the command line or from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from bench.core import registry
from bench.core.errors import DataError, UsageError, closest, unknown
from bench.core.escape import one_line
from bench.core.method import Method
from bench.core.settings import Overrides
from bench.core.task import Task
from bench.data.own.register import declare_tasks
from bench.data.root import resolve_root
from bench.evaluation.protocols import PROTOCOLS
from bench.runs.plugin_files import add_files
from bench.runs.settings_file import SettingsFile, read_settings_files

Names = str | Iterable[str] | None
"""One name, several, or none."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A grid of runs and how to run them."""

    methods: tuple[str, ...] = ()
    """Names, or `all`."""
    tasks: tuple[str, ...] = ()
    """Names, or `all`."""
    protocols: tuple[str, ...] = ()
    """None: each task's own."""
    backbones: tuple[str, ...] = ()
    """None: the checkpoints' own, else the profile's."""
    seeds: tuple[int, ...] = (0, 1, 2)
    profile: str = "quick"
    settings: Overrides = field(default_factory=dict)
    """Section (`method`, `pretrain`, `task`, `protocol`) -> setting -> value."""
    corpus: str = "pool"
    profiles: tuple[str, ...] = ()
    """Several of a study, each of which every run is made in; else `profile`."""
    corpora: tuple[str, ...] = ()
    """Likewise, of methods that pretrain; else `corpus`."""
    ablations: tuple[str, ...] = ()
    """Declared ablations that take part beside the methods of a study, or `all`."""
    data_root: Path | None = None
    plugins: tuple[Path, ...] = ()
    data: tuple[Path, ...] = ()
    """Files that declare data sets, whose tasks are among `tasks`, see `bench.data.own`."""
    results: Path = Path("results")
    cache: Path | None = None
    device: str = "auto"
    workers: int | None = None
    compile: bool | None = None
    split: Path | None = None
    save_predictions: bool = False
    keep_model: bool = False
    log: tuple[str, ...] = ()
    """Where trainings are logged besides the cache: `wandb`."""
    checkpoints: tuple[str, ...] = ()
    """Weights from files that take part, see `bench.models.weights.sources`."""
    config: SettingsFile = field(default_factory=SettingsFile)
    """Settings from files; `settings` win."""

    @property
    def parts(self) -> list[RunRequest]:
        """A request for each profile and corpus."""
        every = product(self.profiles or (self.profile,), self.corpora or (self.corpus,))
        return [replace(self, profile=profile, corpus=corpus, profiles=(), corpora=()) for profile, corpus in every]


def names_of(names: Names) -> tuple[str, ...]:
    """One name, several or none, as a tuple of names without blanks around them; empty names are left out."""
    several: Iterable[str] = () if names is None else [names] if isinstance(names, str) else names
    return tuple(name.strip() for name in several if name.strip())


MOST_SEED = 2**32 - 1
"""Largest seed: scikit-learn takes no larger one."""
MOST_SEEDS = 10_000
"""Seeds of one command, when only their number is given."""


def seeds_of(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """A number of seeds, as 0 to N-1, or the seeds themselves, once each. Raises `UsageError`, see `MOST_SEED`."""
    if isinstance(seeds, int):
        if not 1 <= seeds <= MOST_SEEDS:
            raise UsageError(f"The number of seeds is out of range; expected 1 to {MOST_SEEDS}.")
        return tuple(range(seeds))
    found = tuple(dict.fromkeys(seeds))
    for seed in found:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
            raise UsageError(f"A seed is out of range; expected whole numbers from 0 to {MOST_SEED}.")
    return found


def paths_of(paths: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    """One path or several, as a tuple."""
    return tuple(map(Path, [paths] if isinstance(paths, str | Path) else paths))


def sections_of(settings: Mapping[str, object]) -> list[tuple[str, str, object]]:
    """`{"method.temperature": 0.2}` and `{"method": {"temperature": 0.2}}` as (section, setting, value)."""
    rows: list[tuple[str, str, object]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            rows += [(name, str(key), item) for key, item in value.items()]
        else:
            section, _, key = name.partition(".")
            rows.append((section, key, value))
    return rows


def request_of(*, takes_study: bool = False, **fields: Any) -> RunRequest:
    """A request with its paths as paths, its settings files read, and what it does not say as their study says.

    Raises:
        UsageError: an unknown option, with the closest match, a settings file that is not as it should be, or one with
            a study for a command that takes none.
    """
    known = RunRequest.__dataclass_fields__
    for name in fields:
        if name not in known:
            raise UsageError(f"Unknown option {name!r}.{closest(name, known)} Known: {', '.join(sorted(known))}.")
    files = paths_of(fields.pop("config", None) or ())
    config = read_settings_files(files)
    if config.study.fields and not takes_study:
        raise UsageError(
            f"{', '.join(map(str, files))}: [study] is for bench run and bench plan. Name a file without it."
        )
    fields = _completed({name: value for name, value in fields.items() if value is not None}, config.study.fields)
    for name in ("data_root", "results", "cache", "split"):
        if name in fields:
            fields[name] = Path(fields[name])
    if "log" in fields:
        fields["log"] = names_of(fields["log"])
    for name in ("plugins", "data"):
        fields[name] = paths_of(fields.get(name) or ())
    if fields["data"]:
        add_files(fields["plugins"])  # whose tasks may be those that sites are added to
    declared = declared_tasks(fields["data"], fields.get("data_root"))
    fields["tasks"] = tuple(dict.fromkeys((*fields.get("tasks", ()), *declared)))
    request = RunRequest(**fields | {"config": config})
    return replace(request, corpus=str(request.corpus))


CONTESTANTS = ("methods", "checkpoints", "ablations")
"""Entries of a study that are left out where the command names a contestant."""


def _completed(given: dict[str, Any], study: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, and the study's for what was not."""
    named = any(given.get(name) for name in CONTESTANTS)
    said = {n: v for n, v in study.items() if not given.get(n) and not (named and n in CONTESTANTS)}
    if "seeds" in said:
        said["seeds"] = seeds_of(said["seeds"])
    for one, several in (("profile", "profiles"), ("corpus", "corpora")):
        if one in said:
            said[several], said[one] = said[one], said[one][0]
    return given | said


def declared_tasks(files: Iterable[Path], data_root: Path | None, *, here: bool = True) -> tuple[str, ...]:
    """Register the tasks of files that declare data sets, and of those under the data root; names of the former.

    Without `here`, no data root means none, whatever BENCH_DATA says. One that is not there has no files, which is said
    where data are read.

    Raises:
        DataError: a file is not as it should be.
        UsageError: a default protocol that there is not.
    """
    root = data_root
    if here:
        try:
            root = resolve_root(data_root)
        except DataError:
            root = None
    names = declare_tasks(files, root)
    for plugin in registry.tasks().plugins.values():
        if plugin.file and plugin.loaded.protocol not in PROTOCOLS:
            error = unknown("protocol", plugin.loaded.protocol, PROTOCOLS, "List them: bench list protocols.")
            raise UsageError(f"{one_line(plugin.file)}: {error}")
    return names


def method_names(wanted: str | type[Method] | Iterable[str | type[Method]]) -> tuple[str, ...]:
    """Names of methods; classes of this process are registered. Raises `PluginError` for a name that is taken."""
    several = [wanted] if isinstance(wanted, str | type) else list(wanted)
    return names_of(one if isinstance(one, str) else registry.methods().add_own(one) for one in several)


def task_names(wanted: str | Task | Iterable[str | Task]) -> tuple[str, ...]:
    """Names of tasks, likewise."""
    several = [wanted] if isinstance(wanted, str | Task) else list(wanted)
    return names_of(one if isinstance(one, str) else registry.tasks().add_own(one) for one in several)
