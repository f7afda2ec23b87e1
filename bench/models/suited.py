"""Which encoders a method can have: one that masks patch tokens needs a vision transformer. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.errors import UsageError
from bench.core.method import Method
from bench.core.registry import methods
from bench.models.specs import find_backbone


def suits(method: type[Method], backbone: str) -> bool:
    """Whether a method can have an encoder; what only the built module shows is said when it is built."""
    return not method.transformer_only or find_backbone(backbone).tokens is not False


def require_suited(method: type[Method], backbone: str) -> None:
    """Raise `UsageError` unless a method can have an encoder."""
    if not suits(method, backbone):
        raise _error([method.name], [backbone])


def suited_backbones(
    names: Sequence[str], backbones: Sequence[str], *, spare_all: bool = False
) -> tuple[dict[str, list[str]], list[str]]:
    """Method -> those of the encoders of a grid that it can have, and one line for each method on what was left out.

    With `spare_all`, a method that can have none is left out; that is for `--method all`.

    Raises:
        UsageError: methods that can have none of the encoders; all of them are named.
    """
    able = {name: [one for one in backbones if suits(methods().get(name), one)] for name in names}
    none = [name for name, ones in able.items() if not ones and backbones]
    if none and not spare_all:
        raise _error(none, backbones)
    lines = [
        f"{name} needs a vision transformer (--backbone vit_tiny_8); left out of {', '.join(others)}"
        for name, ones in able.items()
        if (others := [one for one in backbones if one not in ones])
    ]
    return able, lines


def _error(names: Sequence[str], others: Sequence[str]) -> UsageError:
    verbs = "masks patch tokens and needs" if len(names) == 1 else "mask patch tokens and need"
    return UsageError(
        f"{', '.join(names)} {verbs} a vision transformer, which {', '.join(others)} is not. Name one, which every "
        "method can have: --backbone vit_tiny_8 (small), vit_b_16, or one of timm, as timm:vit_small_patch16_224."
    )
