"""The space that a method's settings are tuned over, resolved against the settings that it has without tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bench.core import registry
from bench.core.errors import PluginError, UsageError
from bench.core.settings import Choice, Overrides, Range, Settings
from bench.pretraining.settings import PretrainSettings
from bench.runs.config import RunConfig

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

SECTIONS = ("method", "pretrain")
DIGITS = 4
"""Significant digits of the numbers that are tried, so that a file of settings can be read."""


@dataclass(frozen=True)
class Dimension:
    """One setting: its own value, and where others are drawn from; bounds are values, not factors."""

    own: Any
    source: Range | Choice

    @property
    def text(self) -> str:
        """As a record states it."""
        if isinstance(self.source, Choice):
            return ", ".join(map(str, self.source.values))
        notes = [word for word in ("log", "whole") if getattr(self.source, word)]
        return f"{self.source.low:g} to {self.source.high:g}" + (f" ({', '.join(notes)})" if notes else "")

    @property
    def distribution(self) -> BaseDistribution:
        """For Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        one = self.source
        if isinstance(one, Choice):
            return CategoricalDistribution(one.values)
        if one.whole:
            return IntDistribution(round(one.low), round(one.high), log=one.log)
        return FloatDistribution(one.low, one.high, log=one.log)

    def value(self, drawn: Any) -> Any:
        """What is tried where the sampler drew this: floats have `DIGITS` digits, and stay between the bounds."""
        if isinstance(self.source, Choice) or self.source.whole:
            return drawn
        return min(max(_short(drawn), self.source.low), self.source.high)

    def holds(self, value: Any) -> bool:
        """Whether it may be drawn."""
        if value is None or isinstance(self.source, Choice):
            return isinstance(self.source, Choice) and value in self.source.values
        return bool(self.source.low <= value <= self.source.high)


Space = Mapping[str, Dimension]
"""section.key -> dimension."""


def find_space(method: str, config: RunConfig, given: Overrides) -> Space:
    """What a method declares, less what the user set (`given`), around the settings of `config`.

    Raises:
        UsageError: the method declares nothing to tune, or the user set all of it.
        PluginError: it declares a setting or value that it cannot have, or a range that is none.
    """
    declared = registry.methods().get(method).search_space
    if not declared:
        others = ", ".join(n for n, one in registry.methods().working().items() if one.search_space) or "none"
        raise UsageError(
            f"The method {method!r} declares nothing to tune. Methods that do: {others}. Declare it as the class "
            "attribute `search_space` (docs/add_a_method.md)."
        )
    space = {}
    for name, source in declared.items():
        section, _, key = name.partition(".")
        cls = _class_of(method, name, source)
        if key not in given.get(section, {}):
            own = config.sections[section][key]
            resolved = _resolved(method, name, source, own)
            _check_values(method, name, cls, config.sections[section], resolved)
            space[name] = Dimension(own, resolved)
    if not space:
        raise UsageError(f"Nothing is left to tune of {method!r}: --set or --config fixes {', '.join(declared)}.")
    return space


def _class_of(method: str, name: str, source: Any) -> type[Settings]:
    """The settings that a declared name is of. Raises `PluginError` where it is of none."""
    section = name.partition(".")[0]
    cls: type[Settings] = registry.methods().get(method).config_class if section == "method" else PretrainSettings
    known = [f"{section}.{field}" for field in cls.model_fields] if section in SECTIONS else []
    if name not in known:
        raise _wrong(method, f"{name!r}, which is no setting of it", "method.KEY or pretrain.KEY")
    if not isinstance(source, Range | Choice) or (isinstance(source, Choice) and None in source.values):
        raise _wrong(method, f"{source!r} for {name!r}", "a bench.Range, or a bench.Choice of values without None")
    return cls


def _resolved(method: str, name: str, source: Range | Choice, own: Any) -> Range | Choice:
    """The source with values in place of factors, and the setting's own value among choices."""
    if isinstance(source, Choice):
        return source if own is None or own in source.values else Choice((own, *source.values))
    if source.relative and not isinstance(own, int | float):
        raise _wrong(method, f"factors of {name}, whose own value is {own}", "a range that is not relative")
    low, high = (bound * own if source.relative else bound for bound in (source.low, source.high))
    if not (low < high and (low > 0 or not source.log)):
        raise _wrong(
            method,
            f"{source!r} for {name}, whose own value is {own}: it gives {low:g} to {high:g}",
            "a range that rises, and begins above 0 where it is drawn in the logarithm",
        )
    return Range(_short(low), _short(high), log=source.log, whole=source.whole)


def _check_values(method: str, name: str, cls: type[Settings], own: Mapping[str, Any], source: Range | Choice) -> None:
    """Raises `PluginError` for a value that the setting cannot have: one of the choices, or an end of the range."""
    key = name.partition(".")[2]
    for value in source.values if isinstance(source, Choice) else (source.low, source.high):
        whole = int(value) if isinstance(source, Range) and source.whole else value
        try:
            cls.model_validate({**own, key: whole})
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise _wrong(method, f"the value {value} for {name}, which cannot be: {problem}", "valid values") from error


def _wrong(method: str, found: str, expected: str) -> PluginError:
    return PluginError(f"The table `search_space` of the method {method!r} has {found}. Expected {expected}.")


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
