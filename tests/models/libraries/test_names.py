"""Names of libraries' encoders, without importing torch."""

import re

from bench.models.libraries.names import LIBRARIES, library_of, library_version


def test_a_prefix_of_a_library_makes_a_name_one_of_its_models():
    assert [library_of(name) for name in ("timm:resnet18", "torchvision:resnet18")] == ["timm", "torchvision"]
    assert {library_of(name) for name in ("resnet18", "timm", "keras:resnet50", "vit_b_16")} == {""}


def test_the_version_is_public_and_counts_the_adapter():
    for library in LIBRARIES:
        assert re.fullmatch(rf"{library} \d+(\.\d+)+\S*, adapter \d+", library_version(library))
        assert "+" not in library_version(library)
