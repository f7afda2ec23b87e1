"""What a shell completes names to, once `bench --install-completion` was run."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def names_beginning(noun: str) -> Callable[[str], list[str]]:
    """What a shell completes the last of some comma-separated names to; nothing is imported before it asks."""

    def complete(incomplete: str) -> list[str]:
        from bench.core import registry
        from bench.evaluation.protocols import PROTOCOLS
        from bench.models.specs import BACKBONES

        before, comma, last = incomplete.rpartition(",")
        names: dict[str, Callable[[], Iterable[str]]] = {
            "method": lambda: [*registry.methods().plugins, "all"],
            "task": lambda: [*registry.tasks().plugins, "all"],
            "protocol": lambda: PROTOCOLS,
            "backbone": lambda: BACKBONES,
        }
        return [f"{before}{comma}{name}" for name in names[noun]() if name.startswith(last)]

    return complete
