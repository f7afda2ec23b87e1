"""`bench pretrain`: an encoder from images of one's own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.options import Json, Quiet, echo, print_json
from bench.cli.running.commands import continuable
from bench.cli.running.run_options import takes_run_options

EXAMPLES = (
    "Examples:\n\n"
    "bench pretrain --method simclr --images scans/ --out encoder.safetensors\n\n"
    "bench pretrain --method lvmmed --images corpus.csv --backbone timm:convnext_tiny --set pretrain.epochs=100\n\n"
    "bench pretrain --method byol --images scans/ --set pretrain.init=encoder.safetensors --out further.safetensors"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pretrain", epilog=EXAMPLES)(pretrain)


@partial(takes_run_options, without=("protocol", "seeds", "corpus", "results", "split"))
def pretrain(
    method: Annotated[str, typer.Option("--method", "-m", help="One method.")],
    images: Annotated[
        Path, typer.Option("--images", help="Folder of images and NIfTI volumes, or a manifest (.csv, .toml).")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write (.safetensors); default: the cache alone, which is printed.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of initial weights, order and views.")] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    """Pretrain one method on your own images, without a task; the same command continues after an interruption.

    Images that data sets under a data root evaluate on are left out.
    """
    from bench.api.encoders import pretrained_file
    from bench.runs.request import request_of

    own: dict[str, Any] = {"methods": (method,), "seeds": (seed,), "corpus": images}
    with continuable():
        file = pretrained_file(request_of(**{**options, **own}), out, quiet=quiet or as_json)
    if as_json:
        print_json({"file": str(file)})
    else:
        echo(f"{file}\nUse it: bench run --checkpoint NAME={file} --task TASK, or --set pretrain.init={file}")
