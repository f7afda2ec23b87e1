"""What a plugin must have before it is used; each check raises one `PluginError` that names the class and the fix."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from bench.core.errors import PluginError, closest
from bench.core.escape import one_line
from bench.core.kind import TaskKind
from bench.core.method import Method, MethodConfig
from bench.core.settings import Settings
from bench.core.task import DataSet, Task

METHOD_DOCS, TASK_DOCS, KIND_DOCS = (f"docs/add_a_{noun}.md" for noun in ("method", "task", "kind"))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_METHOD_ARGUMENTS = {"view_transform": 1, "build": 1, "loss": 3}
_KIND_ARGUMENTS = {"prepare": 1, "build_head": 1, "loss": 2, "predict": 1, "score": 2}


def check_method_class(cls: Any, origin: str) -> None:
    """Raise `PluginError` unless `cls` is a complete `Method`, whose settings and presets hold together."""
    if not (inspect.isclass(cls) and issubclass(cls, Method)):
        raise PluginError(f"{origin} is not a subclass of bench.Method.")
    missing = [a for a in ("name", "title", "citation") if not _is_text(getattr(cls, a, None))]
    missing += [f"{m}()" for m in sorted(cls.__abstractmethods__)]
    if cls.pretrains and cls.view_transform is Method.view_transform:
        missing.append("view_transform()")
    if missing:
        raise PluginError(
            f"Method {cls.__name__} from {origin} lacks {', '.join(missing)}. "
            f"A method needs name, title, citation, view_transform, build and loss; see {METHOD_DOCS}."
        )
    what = f"Method {cls.__name__} from {origin}"
    _require_name(cls.name, what)
    _require_arguments(cls, _METHOD_ARGUMENTS, what, METHOD_DOCS)
    check_settings_class(cls.config_class, MethodConfig, f"{what}: config_class", METHOD_DOCS)
    if not _can_be_called(cls, 1):
        raise PluginError(
            f"{what}: __init__ must take the settings alone, as `def __init__(self, config)`, and call "
            f"super().__init__(config). Build networks in build(backbone); see {METHOD_DOCS}."
        )
    check_values(cls.config_class, cls.quick, f"{what}: quick")
    for name, values in cls.ablations.items():
        check_values(cls.config_class, values, f"{what}: ablations[{name!r}]")


def check_task_object(task: Any, origin: str) -> None:
    """Raise `PluginError` unless `task` is a `Task` with a `DataSet` and a reader."""
    if not isinstance(task, Task):
        raise PluginError(f"{origin} is a {type(task).__name__}, expected a bench.Task.")
    what = f"Task {task.name!r} from {origin}"
    _require_name(task.name, what)
    if not isinstance(task.data, DataSet):
        raise PluginError(f"{what}: data is a {type(task.data).__name__}, expected a bench.DataSet; see {TASK_DOCS}.")
    data, reader = task.data, task.data.reader
    _require_name(data.name, f"{what}: its DataSet")
    if inspect.isclass(reader):
        raise PluginError(f"{what}: reader is the class {reader.__name__}; give an instance: {reader.__name__}().")
    lacks = [name for name in ("layout", "matches", "read") if not hasattr(reader, name)]
    if lacks:
        raise PluginError(f"{what}: its reader {type(reader).__name__} lacks {', '.join(lacks)}; see {TASK_DOCS}.")
    if not _are_texts(data.classes) or not data.classes:
        raise PluginError(f"{what}: classes is {data.classes!r}, expected a tuple of names such as ('polyp',).")
    if data.phantom is not None and not callable(data.phantom):
        raise PluginError(f"{what}: phantom is a {type(data.phantom).__name__}, expected a function or None.")


def check_kind_class(kind: Any, origin: str) -> None:
    """Raise `PluginError` unless `kind` is a complete `TaskKind`, whose settings and presets hold together."""
    if not (inspect.isclass(kind) and issubclass(kind, TaskKind)):
        raise PluginError(f"{origin} is not a subclass of bench.TaskKind.")
    what = f"Kind {kind.__name__} from {origin}"
    missing = [a for a in ("name", "settings_class", "metrics") if not hasattr(kind, a)]
    missing += [f"{m}()" for m in sorted(kind.__abstractmethods__)]
    if missing:
        raise PluginError(f"{what} lacks {', '.join(missing)}; see {KIND_DOCS}.")
    _require_name(kind.name, what)
    _require_arguments(kind, _KIND_ARGUMENTS, what, KIND_DOCS)
    if not _are_texts(kind.metrics) or not kind.metrics:
        raise PluginError(f"{what}: metrics is {kind.metrics!r}, expected a tuple of names such as ('accuracy',).")
    if kind.pooled_only and kind.target not in (None, int):
        raise PluginError(
            f"{what}: pooled_only is for kinds whose Case.target is a class index, which probes on embeddings read; "
            f"its target is {kind.target.__name__}. Leave pooled_only out; see {KIND_DOCS}."
        )
    check_settings_class(kind.settings_class, Settings, f"{what}: settings_class", KIND_DOCS)
    known = kind.settings_class.model_fields
    for name in kind.prepared_by or ():
        if name not in known:
            raise PluginError(f"{what}: prepared_by names {name!r}, which is no setting.{closest(name, known)}")
    check_values(kind.settings_class, kind.quick, f"{what}: quick")


def check_settings_class(cls: Any, base: type[Settings], what: str, docs: str) -> None:
    """Raise `PluginError` unless `cls` is a subclass of `base` in which every field has a default."""
    expected = f"expected a subclass of bench.{base.__name__}"
    if not (inspect.isclass(cls) and issubclass(cls, base)):
        shown = cls.__name__ if inspect.isclass(cls) else f"a {type(cls).__name__}"
        raise PluginError(f"{what} is {shown}, {expected}; see {docs}.")
    required = [name for name, field in cls.model_fields.items() if field.is_required()]
    if required:
        raise PluginError(
            f"{what} {cls.__name__} has no default for {', '.join(required)}. Give each the published value: "
            f"`{required[0]}: int = Field(256, description=...)`; see {docs}."
        )
    check_values(cls, {}, f"{what} {cls.__name__}: its defaults")


def check_values(cls: type[Settings], values: Any, what: str) -> None:
    """Raise `PluginError` unless `values` are settings of `cls`; `what` says where they stand."""
    if not isinstance(values, Mapping):
        raise PluginError(f"{what} is a {type(values).__name__}, expected a dict of settings and their values.")
    for name in values:
        if name not in cls.model_fields:
            known = cls.model_fields
            raise PluginError(
                f"{what} names {name!r}, which is no setting of {cls.__name__}.{closest(str(name), known)} "
                f"Known: {', '.join(sorted(known))}."
            )
    try:
        cls.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise PluginError(f"{what} is not valid: {place}: {first['msg']} (found {first['input']!r}).") from error


def _require_name(name: Any, what: str) -> None:
    if not _is_text(name) or not _NAME.fullmatch(name) or name == "all":
        raise PluginError(f"{what}: its name is {one_line(repr(name))}; expected letters, digits, `.`, `_` and `-`.")


def _require_arguments(cls: type, members: Mapping[str, int], what: str, docs: str) -> None:
    """Raise `PluginError` for a member that cannot be called with so many arguments."""
    for name, number in members.items():
        if not _can_be_called(getattr(cls, name), number + 1):
            raise PluginError(f"{what}: {name}() must take {number} argument(s) after self; see {docs}.")


def _can_be_called(member: Callable[..., Any], number: int) -> bool:
    try:
        inspect.signature(member).bind(*[None] * number)
    except TypeError:
        return False
    except ValueError:  # of C code, which tells no signature
        return True
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(values: Any) -> bool:
    return isinstance(values, Iterable) and not isinstance(values, str) and all(_is_text(v) for v in values)
