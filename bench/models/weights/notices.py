"""What a person should know about a file that loaded: choices that the file leaves open."""

from __future__ import annotations

from collections.abc import Sequence

from bench.models.weights.encoder_places import Place, toml_entry
from bench.models.weights.formats import COMPILED

LARGE_SHARE = 0.5
"""Share of the encoder's tensors above which missing ones, although allowed, are worth a warning."""
ACTIVATION = {"vit_b_16_clip": ("quick GELU", "vit_b_16_openclip", "GELU")}
"""Backbone -> its activation, the backbone of the same names and shapes with another one, and that one."""


def activation_notice(where: str, backbone: str) -> list[str]:
    """What to say about a backbone recognised by names and shapes, where two differ in the activation alone."""
    if backbone not in ACTIVATION:
        return []
    own, other, others = ACTIVATION[backbone]
    return [
        f"{where} does not say which activation it was trained with; it is read as {backbone}, with {own} (OpenAI, "
        f"DFN, MetaCLIP). Weights of LAION or DataComp (open_clip; timm's vit_base_patch16_clip_224.*; transformers "
        f'with hidden_act "gelu") need {others}: --backbone {other}, or backbone = "{other}" in a TOML entry. Naming '
        f"{backbone} there silences this."
    ]


def missing_notice(where: str, backbone: str, n_missing: int, total: int) -> list[str]:
    """What to say where most of an encoder's tensors (batch norm's counters aside) keep their initial values."""
    if n_missing <= LARGE_SHARE * total:
        return []
    return [
        f"{where}: {n_missing} of {total} tensors of {backbone} are missing and keep their initial values, because "
        "allow_missing allows it. The scores are mostly those of a random encoder."
    ]


def others_notice(where: str, places: Sequence[Place], taken: Place) -> list[str]:
    """What to say about further encoders of a file, such as moving averages, that nobody chose or left out."""
    bare = {place: (place[0], place[1].replace(COMPILED, "")) for place in places}
    others = [place for place in places if bare[place] != taken and not bare[place][1].startswith(taken[1] or "\0")]
    if not others:
        return []
    shown = "; ".join(toml_entry(where, *place) for place in others[:3])
    return [
        f"{where} holds {len(others)} more encoder(s), which are not taken. To take another, name it in a TOML file: "
        f"mine = {{ ... }} with {shown} (docs/weights.md)."
    ]
