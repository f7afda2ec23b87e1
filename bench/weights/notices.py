"""What a person should know about a file that loaded: choices that the file leaves open."""

from __future__ import annotations

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
