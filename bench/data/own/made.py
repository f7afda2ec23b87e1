"""From the file of a data set to a `Task`: what it leaves out follows from the kind, the layout and the folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.core.digest import digest
from bench.core.errors import BenchError, DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import is_junk
from bench.core.task import DataSet, Declared, Reader, Task
from bench.data.own.cases import part_of_id
from bench.data.own.declaration import FILE, Declaration, kind_of, layout_of


@dataclass(frozen=True)
class Defaults:
    """What a task of a kind has unless its file says otherwise."""

    metric: str
    paper: Mapping[str, Mapping[str, Any]]
    protocol: str = "finetune"


DEFAULTS: Mapping[str, Defaults] = {
    "classification": Defaults(
        "balanced_accuracy",
        {"task": {"image_size": 224}, "protocol": {"lr": 5e-4, "epochs": 30, "batch_size": 64, "hidden": (512, 256)}},
    ),
    "segmentation_2d": Defaults(
        "dice", {"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 50, "batch_size": 16}}
    ),
    "segmentation_3d": Defaults(
        "dice_3d", {"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 30, "batch_size": 64}}
    ),
    "detection": Defaults(
        "ap50", {"task": {"image_size": 512}, "protocol": {"lr": 2.5e-4, "epochs": 40, "batch_size": 8}}
    ),
}
"""Kind -> defaults: the settings of the shipped tasks of that kind."""


@dataclass(frozen=True)
class Phantom:
    """Writes the synthetic data set of a declared shape; see `DataSet.phantom`."""

    layout: Layout
    kind: str
    classes: tuple[str, ...]
    sites: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[Any, ...]:
        """What it is a function of, besides its layout."""
        return self.kind, self.classes, self.sites

    def __call__(self, folder: Path, seed: int) -> None:
        """Write it into a folder. Raises `DataError` where the layout writes none."""
        sites = {"sites": self.sites} if self.sites else {}
        self.layout.write_phantom(folder, self.kind, self.classes, seed, **sites)


def make_task(path: Path, declared: Declaration, base: Task | None = None) -> Task:
    """The task that a file declares; the folder is looked at only where classes or sites are not declared.

    `base` is the task of which it is a site, whose kind and classes it has.

    Raises:
        DataError: the file, an option or the folder is not as it should be; the message names the file and the fix.
    """
    layout = layout_of(path, declared)
    if base is not None:
        declared = as_site(path, declared, base)
    kind = kind_of(path, declared, layout)
    folder = folder_of_file(path, declared)
    try:
        classes = declared.classes or _classes(layout, kind, folder)
        _check_classes(path, kind, classes, folder)
        reader = layout.reader(kind, classes)
        _check_sites(path, declared.sites)
        sites = () if base else declared.sites or _sites(declared, layout, kind, classes, folder)
    except BenchError as error:
        raise _named(path, error) from error
    phantom = Phantom(layout, kind, classes, () if declared.site else sites)
    data_set = _data_set(path, declared, phantom, reader, folder)
    data_set = replace(data_set, domains=sites if len(sites) > 1 else ())
    return task_of(path, declared, data_set, kind)


def _data_set(path: Path, declared: Declaration, phantom: Phantom, reader: Reader, folder: Path) -> DataSet:
    shape = digest([phantom.layout.model_dump(mode="json"), type(phantom.layout).__name__, *phantom.shape])[:8]
    return DataSet(
        name=declared.name,
        title=declared.title or declared.name,
        reader=reader,
        classes=phantom.classes,
        expected_counts={},
        modality=declared.modality or "modality not given",
        citation=declared.citation or "not given",
        licence=declared.licence or "not given",
        obtain=f"Restore it, or correct `folder` of {one_line(path)}, or try it on synthetic data: "
        f"bench run --data-root $(bench data phantom --data {one_line(path)}) --data {one_line(path)}",
        phantom=phantom,
        ordered_classes=declared.ordered_classes,
        overlapping_classes=declared.overlapping_classes,
        validation_fraction=declared.validation_fraction,
        declared=Declared(folder, f"{declared.name}-{shape}", declared.subject, declared.site),
    )


def as_site(path: Path, declared: Declaration, base: Task) -> Declaration:
    """The declaration of a site with the kind and classes of its task. Raises `DataError` where it has others."""
    wanted: Mapping[str, Any] = {"kind": base.kind, "classes": base.data.classes}
    for key, value in wanted.items():
        found = getattr(declared, key)
        if found and found != value:
            raise DataError(
                f"{one_line(path)}: {key} is {found!r}, and a site of {base.name!r} has {value!r}.\n"
                f"Leave {key} out, or correct site_of."
            )
    if declared.site or declared.sites:
        raise DataError(f"{one_line(path)}: a site of {base.name!r} is one site.\nLeave site and sites out.")
    return declared.model_copy(update=wanted)


def task_of(path: Path, declared: Declaration, data_set: DataSet, kind: str) -> Task:
    """The task on a data set. Raises `DataError` where a kind has no default metric or protocol and none is given."""
    defaults = DEFAULTS.get(kind)
    if defaults is None and not declared.metric:
        raise DataError(f'{one_line(path)}: the kind {kind!r} has no default metric.\nAdd metric = "...".')
    metric = declared.metric or (defaults.metric if defaults else "")
    protocol = declared.protocol or (defaults.protocol if defaults else "finetune")
    return Task(data_set.name, data_set, kind, protocol, metric, paper=defaults.paper if defaults else {})


def folder_of_file(path: Path, declared: Declaration) -> Path:
    """Where the data of a file lie: its `folder`, else a folder of its name beside it, else its own folder."""
    here = path.resolve().parent
    if declared.folder:
        return (here / Path(declared.folder).expanduser()).resolve()
    beside = here / path.stem
    return beside if path.name != FILE and beside.is_dir() else here


def own_place(data_set: DataSet) -> Path | None:
    """The folder that a data set's file names, unless nothing is in it; None without such a file too."""
    return data_set.declared.folder if data_set.declared and holds_data(data_set) else None


def holds_data(data_set: DataSet) -> bool:
    """Whether there is anything in the declared folder but such files and results: without, there is only a phantom.

    A folder that is named and missing counts as data: reading it is the error to be said.
    """
    folder = data_set.declared.folder if data_set.declared else None
    return folder is None or not folder.is_dir() or _holds_data(folder)


def _holds_data(folder: Path) -> bool:
    try:
        return any(p.suffix != ".toml" and p.name != "results" and not is_junk(p.name) for p in folder.iterdir())
    except OSError:
        return False


def _classes(layout: Layout, kind: str, folder: Path) -> tuple[str, ...]:
    """What the layout finds; without any data, what it knows from its options."""
    try:
        if not folder.is_dir():
            raise DataError(
                f"{one_line(folder)}: this folder is missing, so that its classes are unknown.\n"
                "Correct `folder` of the data set's file, or declare `classes` in it."
            )
        return layout.classes(folder, kind)
    except DataError:
        if _holds_data(folder) or not folder.is_dir():
            raise
        return ()


def _check_classes(path: Path, kind: str, classes: tuple[str, ...], folder: Path) -> None:
    least = 2 if kind == "classification" else 1
    if len(set(classes)) != len(classes) or "" in classes:
        raise DataError(f"{one_line(path)}: a name of `classes` stands there twice or is empty.\nName each class once.")
    if len(classes) < least:
        raise DataError(
            f"{one_line(path)}: {kind} needs at least {least} class{'es' * (least > 1)}, found {len(classes)}"
            f"{': ' + one_line(', '.join(classes)) if classes else ' in ' + one_line(folder)}.\n"
            'Declare them in the file, as classes = ["...", "..."], and check that `folder` and [layout] fit the data.'
        )


def _check_sites(path: Path, sites: tuple[str, ...]) -> None:
    if sites and (len(sites) == 1 or len(set(sites)) < len(sites) or "" in sites):
        raise DataError(
            f"{one_line(path)}: sites is {one_line(', '.join(sites))}; expected two or more names, each once, the "
            "trained one first.\nName all that the data have, or leave sites out."
        )


def _sites(declared: Declaration, layout: Layout, kind: str, classes: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    if not _holds_data(folder):
        return ()
    if not declared.site:
        return layout.sites(folder, kind)
    cases = layout.reader(kind, classes).read(folder)
    return tuple(sorted({part_of_id(case, declared.site, "site") for case in cases}))


def _named(path: Path, error: BenchError) -> BenchError:
    """The error, with the data set's file where its text does not name it."""
    text = str(error)
    return error if str(one_line(path)) in text else type(error)(f"{text}\nDeclared by {one_line(path)}.")
