"""Which encoders a method can have, said before anything is built."""

import pytest

from bench.core.errors import UsageError
from bench.core.registry import methods
from bench.models.specs import BackboneSpec, find_backbone
from bench.models.suited import require_suited, suited_backbones, suits


@pytest.mark.parametrize(
    ("backbone", "transformer"),
    [
        ("resnet18", False), ("resnet50", False), ("vit_tiny_8", True), ("vit_b_14_dinov2", True),
        ("vit_b_16_sam", False), ("timm:test_vit", True), ("timm:resnet18", False),
    ],
)  # fmt: skip
def test_methods_that_mask_patches_suit_transformers_with_a_class_token(backbone, transformer):
    assert suits(methods().get("mae"), backbone) == transformer
    assert suits(methods().get("simclr"), backbone)
    assert find_backbone(backbone).tokens == transformer


def test_what_only_a_built_module_shows_is_not_refused_here():
    assert BackboneSpec("own", "a plugin's", (8,), (4,)).tokens is None


def test_the_error_names_all_methods_and_the_line_what_was_left_out():
    names = ["mae", "simclr", "ibot"]
    with pytest.raises(UsageError, match=r"mae, ibot mask patch tokens .* which resnet18, resnet50 is not"):
        suited_backbones(names, ["resnet18", "resnet50"])
    able, lines = suited_backbones(names, ["resnet18", "vit_tiny_8"])
    assert able == {"mae": ["vit_tiny_8"], "simclr": ["resnet18", "vit_tiny_8"], "ibot": ["vit_tiny_8"]}
    assert len(lines) == 2
    spared, lines = suited_backbones(names, ["resnet18"], spare_all=True)
    assert spared["mae"] == []
    assert len(lines) == 2
    with pytest.raises(UsageError, match=r"mae masks patch tokens and needs"):
        require_suited(methods().get("mae"), "resnet18")
    require_suited(methods().get("simclr"), "resnet18")
