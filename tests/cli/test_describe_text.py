"""Descriptions for people say what the data say."""

from enum import Enum

from pydantic import Field

from bench.cli.describe_text import setting_text
from bench.cli.settings_schema import settings_schema
from bench.core.settings import Settings


class _Colour(Enum):
    RED = "red"
    BLUE = "blue"


class _Unusual(Settings):
    colour: _Colour = Field(_Colour.RED, description="Of the line.")
    other: _Colour | None = None
    either: int | str = 3
    needed: float = Field(lt=2)


def test_setting_as_text():
    schema = settings_schema(_Unusual)
    assert setting_text(schema["colour"]) == "red  Of the line.  [red | blue]"
    assert setting_text(schema["other"]) == "unset  [red | blue | unset]"
    assert setting_text(schema["either"]) == "3  [integer or string]"
    assert setting_text(schema["needed"]) == "no default  [number, < 2]"


def test_method_as_text_says_what_the_data_say(bench):
    text = bench("show", "lvmmed").out
    for part in (
        "\n  nodes: 16  N, images of one graph; 8, 16, 32, 64 in Fig. 5.  [integer, >= 2]\n",
        "  [adam | adamw | lars | sgd]\n",
        "\n  solver_iterations: unset  ",
        "\n  gradient_clip: unset  Maximum gradient norm; unset: no clipping (the paper states none).  [",
        "\npaper profile's views (pretrain.KEY):\n  crop_min: 0.4\n  grey: 0.0\n",
        "\nquick profile changes:\n  residual: true\n",
        "\n  without_residual_and_norm: residual=false projector_norm=none\n",
    ):
        assert part in text
    assert "ablations (bench ablate): none" in bench("show", "simclr").out
    assert "(0.3 x batch / 256: Section 2.3)" in bench("show", "simclr").out, "values come with their source"
    assert "method.lr: low=0.1 high=10 log=true relative=true" in bench("show", "simclr").out
