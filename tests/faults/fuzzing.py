"""Made-up contents of the files that people write by hand: near to valid ones, and anything at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from bench.core.console import Report
from bench.core.task import Case
from bench.data.dataset import Data
from bench.data.split_import import import_split
from bench.models.weights.sources import parse_checkpoints
from bench.pretraining.manifest import read_manifest
from bench.results.published import COLUMNS, read_published
from bench.results.record import fields_digest
from bench.results.sharing.form import MANIFEST
from bench.results.sharing.manifest import manifest_text
from bench.results.sharing.merge import merge
from bench.results.statistics.agreement import load_checked
from bench.results.store import Store
from bench.runs.config import resolve_config
from bench.runs.plan import make_plan
from bench.runs.resolve import has_settings
from bench.runs.settings_file import check_settings_files, read_settings_files
from tasks.kvasir_det import KVASIR_DET
from tasks.vindr import VINDR
from tests.records_of import CASES, consistent, record

ODD = (
    "",
    " ",
    "NA",
    "nan",
    "-1",
    "1e999",
    "9" * 5000,
    "../x",
    "/etc",
    "~",
    "a\nb",
    "a\u2028b",
    '"',
    "a,b",
    "=1",
    "\x00",
)
WORDS = ("a.png", "b.png", "images", "train", "test", "validation", "axis", "path", "case", "split", "2", "0.5", "true")
FIELDS = st.sampled_from(WORDS) | st.sampled_from(ODD) | st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | FIELDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)
BYTES = st.binary(max_size=200)


def rows(header: str, *good: str) -> st.SearchStrategy[bytes]:
    """CSV with a header that is right most times, perhaps rows that are good, and rows of about as many fields."""
    names = header.split(",")
    lines = st.lists(st.lists(FIELDS, min_size=1, max_size=len(names) + 1).map(",".join), max_size=5)
    first = st.sampled_from([header, header, header, header.replace(",", ";"), names[0], ""])
    kept = st.sampled_from([[], list(good)])
    parts = st.tuples(first, kept, lines).map(lambda t: "\n".join([t[0], *t[1], *t[2]]))
    return parts.map(lambda text: text.encode("utf-8", "surrogatepass"))


def texts(value: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """JSON of values."""
    return value.map(lambda v: json.dumps(v).encode())


def toml(tables: str) -> st.SearchStrategy[bytes]:
    """TOML of one table whose keys and values may be wrong."""
    keys = st.sampled_from(("path", "pattern", "axis", "modality", "patern", "file", "prefix", "container", "drop"))
    scalars = st.one_of(st.booleans(), st.integers(), FIELDS, st.lists(FIELDS, max_size=2))
    pairs = st.dictionaries(keys, scalars.map(json.dumps), max_size=4)
    heads = st.sampled_from([tables, tables, tables.strip("[]"), f"[{tables.strip('[]')}]", "[[other]]"])
    good = st.sampled_from([{}, {"path": '"a.png"'}, {"file": '"w.pth"'}])
    lines = st.tuples(pairs, good).map(lambda t: [f"{k} = {v}" for k, v in (t[0] | t[1]).items()])
    return st.tuples(heads, lines).map(lambda t: "\n".join([t[0], *t[1]]).encode("utf-8", "surrogatepass"))


def _images(folder: Path) -> None:
    (folder / "images").mkdir(exist_ok=True)
    for name in ("a.png", "images/b.png"):
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / name)


def _manifest(name: str) -> Callable[[Path, bytes], Any]:
    def read(folder: Path, content: bytes) -> Any:
        _images(folder)
        (folder / name).write_bytes(content)
        return read_manifest(folder / name)

    return read


def _split(name: str) -> Callable[[Path, bytes], Any]:
    cases = tuple(Case(f"{letter}.png", Path(letter), 0, None) for letter in "abcdefgh")
    hashes = {case.id: case.id for case in cases}

    def read(folder: Path, content: bytes) -> Any:
        data = Data(KVASIR_DET, folder, "real", cases, hashes, {}, (), "f")
        (folder / name).write_bytes(content)
        return import_split(data, folder / name, 0, Report(quiet=True))

    return read


def _boxes(name: str) -> Callable[[Path, bytes], Any]:
    data_set = VINDR if name.endswith(".csv") else KVASIR_DET

    def read(folder: Path, content: bytes) -> Any:
        place = folder / data_set.name
        if not place.exists():
            data_set.phantom(place, 0)  # type: ignore[misc]
        (target,) = place.rglob(name)
        target.write_bytes(content)
        return data_set.reader.read(place)

    return read


def _record(folder: Path, changes: dict[str, Any]) -> Any:
    store, made = Store(folder), consistent(record())
    store.add(made, CASES)
    path = store.path(made)
    fields = json.loads(path.read_text()) | changes
    try:
        fields["digest"] = fields_digest(fields)
    except ValueError:  # not finite numbers have none
        fields["digest"] = ""
    path.write_text(json.dumps(fields))
    found, problems = load_checked(store)
    assert len(found) + len(problems) == 1
    return found


def _published(folder: Path, content: bytes) -> Any:
    (folder / "x.csv").write_bytes(content)
    return read_published(folder)


def bundles() -> st.SearchStrategy[bytes]:
    """Zip files of members that bundles have and of others, with a manifest that is right most times; any bytes."""
    paths = ("runs/real/quick/a/b/c.json", "runs/real/quick/a/b/c.parquet", "splits/x.csv", "environment.json")
    names = st.sampled_from(paths) | st.text(max_size=8).map(lambda name: f"runs/{name}.json") | st.sampled_from(ODD)
    members = st.dictionaries(names, BYTES | texts(VALUES), max_size=4)
    return st.tuples(members, st.none() | BYTES).map(_packed) | BYTES


def _packed(parts: tuple[dict[str, bytes], bytes | None]) -> bytes:
    members = {name: content for name, content in parts[0].items() if name and "\x00" not in name and len(name) < 999}
    manifest = manifest_text(members).encode() if parts[1] is None else parts[1]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {MANIFEST: manifest, **members}.items():
            archive.writestr(name.encode("utf-8", "replace").decode(), content)
    return buffer.getvalue()


def _bundle(folder: Path, content: bytes) -> Any:
    (folder / "a.zip").write_bytes(content)
    try:
        return merge([folder / "a.zip"], folder / "results", Report(quiet=True))
    finally:
        assert not (folder / "results").exists()


def _weights(folder: Path, content: bytes) -> Any:
    (folder / "w.toml").write_bytes(content)
    return parse_checkpoints([str(folder / "w.toml")], "resnet18")


def settings_toml() -> st.SearchStrategy[bytes]:
    """TOML of settings for all methods or one, and of how they were tuned; any of it may be wrong."""
    raw = st.sampled_from(("nan", "inf", "-1", "1e-3", "1979-05-27", "{a = 1}", "[[1], {b = nan}]", "{a = nan}", "3"))
    values = raw | st.one_of(st.booleans(), st.integers(), st.lists(st.booleans(), max_size=2)).map(json.dumps)

    def lines(*names: str) -> st.SearchStrategy[list[str]]:
        pairs = st.dictionaries(st.sampled_from(names), values, max_size=2)
        return pairs.map(lambda d: [f"{key} = {value}" for key, value in d.items()])

    heads = ("method.simclr", "pretrain", "pretrain.simclr", "protocol", "task", "method", "methd", '"a\\u001b"')
    names = ("lr", "temperature", "jitter", "epochs", "head", "neighbours", "image_size", "optimizer")
    tables = st.tuples(st.sampled_from(heads).map(lambda head: f"[{head}]"), lines(*names))
    whole = [*(f"{key} = {json.dumps(value)}" for key, value in GOOD_TUNED.items()), "space = {}", "chosen = {}"]
    tuned = lines("trials", "chosen", "fixed", "best", "seeds", "spce").map(
        lambda own: ("[tuned.simclr]", [w for w in whole if w.split()[0] not in {o.split()[0] for o in own}] + own)
    )
    found = st.lists(tables | tuned, min_size=1, max_size=2, unique_by=lambda part: part[0])
    return found.map(lambda parts: "\n".join("\n".join([head, *body]) for head, body in parts).encode())


def _settings(folder: Path, content: bytes) -> Any:
    (folder / "s.toml").write_bytes(content)
    config = read_settings_files([folder / "s.toml"])
    check_settings_files(config)
    plans, _ = make_plan("simclr", "brain_tumor", ("knn", "linear"), None, (0,), "quick", {}, config)
    for plan in plans:
        resolved = resolve_config("simclr", plan.task, plan.protocol, "quick", plan.backbone, plan.overrides)
        if plan.tuned:
            has_settings(resolved, plan.tuned.chosen)
            json.dumps(plan.tuned.model_dump(mode="json"), allow_nan=False)
    return plans


GOOD_TUNED = {
    "trials": 2, "sampler": "tpe", "sampler_seed": 0, "best": 0.5, "metric": "accuracy",
    "task": "drive", "data_set": "drive", "data": "real", "data_fingerprint": "f", "protocol": "knn",
    "backbone": "resnet18", "profile": "quick", "corpus": "pool", "seeds": [1000],
}  # fmt: skip
FIELD_NAMES = st.sampled_from(sorted(json.loads(record().to_json())))
GOOD_SPLIT = ("a.png,train", "b.png,train", "c.png,train", "d.png,test")
GOOD_NUMBERS = "simclr,resnet50,drive,finetune,dice_2d,80,1"
BOX_ROW = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max,width,height"
BOX = st.fixed_dictionaries({}, optional={"height": VALUES, "width": VALUES, "bbox": VALUES})
SIDES = st.dictionaries(st.sampled_from(("train", "test", "val", "x")), st.lists(FIELDS | VALUES, max_size=4))
READERS: Mapping[str, tuple[st.SearchStrategy[Any], Callable[[Path, Any], Any]]] = {
    "manifests (CSV)": (rows("path,axis,modality", "images,,") | BYTES, _manifest("c.csv")),
    "manifests (TOML)": (toml("[[image]]") | toml("[[folder]]") | BYTES, _manifest("c.toml")),
    "split files (CSV)": (
        rows("case,split", *GOOD_SPLIT) | BYTES,
        _split("s.csv"),
    ),
    "split files (JSON)": (texts(SIDES) | texts(VALUES) | BYTES, _split("s.json")),
    "box files (CSV)": (rows(BOX_ROW) | BYTES, _boxes("train.csv")),
    "box files (JSON)": (texts(st.dictionaries(FIELDS, BOX | VALUES)) | BYTES, _boxes("*.json")),
    "records": (st.dictionaries(FIELD_NAMES, VALUES, max_size=2), _record),
    "bundles of results": (bundles(), _bundle),
    "published tables": (
        rows(",".join(COLUMNS), GOOD_NUMBERS) | BYTES,
        _published,
    ),
    "settings (TOML)": (settings_toml() | BYTES, _settings),
    "lists of weights (TOML)": (toml("[mine]") | BYTES, _weights),
}
"""What is read -> made-up contents, and how it is read."""
