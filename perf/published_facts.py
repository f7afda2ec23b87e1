"""Make the facts in bench/data/published/facts from the lists that the authors of LVM-Med publish.

python perf/published_facts.py LISTS SPLITS [--output FOLDER]

LISTS holds a text file for each data set, one name a line (some compressed by xz), SPLITS a JSON file for each split.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
from pathlib import Path

from bench.data.published.known import FACTS
from bench.data.published.named_splits import SPLITS
from bench.data.published.names import pack

LISTS = {
    "aptos2019": ("APTOS2019_Color_Retinopathy.txt", r"\d_(.+)"),
    "bccd": ("BCCD-Dataset_Color_Bloodcells.txt", r"(.+)"),
    "brats2018": ("0_SSL_BraTS2018_Brain.txt", r"(.+)"),
    "hyperkvasir": ("0_SSL_HyperKvasir_Color_Colon.txt.xz", r"(.+)"),
    "isic2019": ("ISIC2019_Color_Skin.txt", r"[A-Z]+_(.+)"),
    "kvasir": ("Kvasir_Color_Colon.txt", r"[^_]+_(.+)"),
    "mmwhs_ct": ("MMWHS_CT_Heart.txt", r"(.+)"),
    "mmwhs_mri": ("MMWHS_MR_Heart.txt", r"(.+)"),
    "msd": ("MSD.txt", r"(.+\.nii\.gz)"),
    "prostatex": ("0_SSL_PROSTATEx_MRI_Prostate.txt.xz", r"([^/]+)/.+"),
    "vinbigdata": ("0_SSL_VinBigData_X-ray_Lung.txt", r"(.+)"),
}
"""Fact -> the file, and a regular expression whose group is the name as the data set's owner gives it: some lists put
the class or grade in front; of PROSTATEx the patient is taken. Lines of another form name folders."""


def names_of(folder: Path, fact: str) -> list[str]:
    """The names of a list."""
    file, pattern = LISTS[fact]
    content = (folder / file).read_bytes()
    lines = (lzma.decompress(content) if file.endswith(".xz") else content).decode().splitlines()
    return [found[1] for line in lines if (found := re.fullmatch(pattern, line.strip()))]


def split_text(folder: Path, fact: str) -> str:
    """A published split as compact JSON."""
    (file,) = (path for path in folder.glob("*.json") if path.stem.removesuffix("_volumes") == fact)
    return json.dumps(json.loads(file.read_text(encoding="utf-8")), separators=(",", ":")) + "\n"


def facts(lists: Path, splits: Path) -> dict[str, bytes]:
    """Path below the folder of facts -> content."""
    found = {f"lvmmed/{fact}.bin": pack(names_of(lists, fact)) for fact in LISTS}
    names = sorted(set(SPLITS["lvmmed"].values()))
    return found | {f"lvmmed/splits/{fact}.json": split_text(splits, fact).encode() for fact in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", type=Path)
    parser.add_argument("splits", type=Path)
    parser.add_argument("--output", type=Path, default=FACTS)
    options = parser.parse_args()
    for place, content in facts(options.lists, options.splits).items():
        path = options.output / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{path}: {len(content)} bytes")


if __name__ == "__main__":
    main()
