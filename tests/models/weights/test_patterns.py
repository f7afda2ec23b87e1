"""Patterns of an entry: one that matches nothing is named."""

import pytest

from bench.core.errors import UsageError
from bench.models.weights.method import load_weights
from bench.models.weights.sources import WeightsEntry


def entry(path, **settings):
    return WeightsEntry(name="mine", file=path, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"drop": ("gate.*",)}, r"the pattern 'gate\.\*' of drop matches nothing\. Patterns are matched with"),
        (
            {"drop": ("fc.*", "layer4.1.bn9.*")},
            r"'layer4\.1\.bn9\.\*' of drop matches nothing \(close: .*layer4\.1\.bn2\.\*",
        ),
        ({"allow_missing": ("layr4.*",)}, r"'layr4\.\*' of allow_missing matches nothing \(close: layer4\.\*"),
        ({"allow_missing": ("layer4.1.bn2.*",)}, r"matches nothing \(its layer4\.1\.bn2\.weight needs no pattern\)"),
        ({"allow_missing": ("*.num_batches_tracked",)}, r"num_batches_tracked needs no pattern\)"),
    ],
)
def test_pattern_that_matches_nothing_is_named(released, settings, message):
    with pytest.raises(UsageError, match=message) as caught:
        load_weights(entry(released[1], **settings))
    assert str(released[1]) in str(caught.value)
