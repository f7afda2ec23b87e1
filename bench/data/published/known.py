"""What weights that others released were pretrained on: statements with their sources, and lists that ship with this.

The lists are hashes of file names, made by perf/published_facts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.core.errors import unknown
from bench.data.published.names import unpack
from bench.data.published.past import Past, SeenList

FACTS = Path(__file__).parent / "facts"


@dataclass(frozen=True)
class KnownPast:
    """Weights that others released."""

    name: str
    """What `past` of an entry of weights takes."""
    title: str
    data_sets: tuple[str, ...]
    """What they were pretrained on, by name."""
    sources: tuple[str, ...]
    formats: tuple[str, ...] = ()
    """Formats that such files have (`bench list formats`)."""
    lists: Mapping[str, str] | None = None
    """File of hashes below `facts` -> what it lists; None: no list of files is published."""
    untold: str = ""
    """What is known and cannot be told case by case."""

    @property
    def past(self) -> Past:
        """What cases are compared with."""
        lists = tuple(SeenList(label, _hashes(f"{self.name}/{file}.bin")) for file, label in (self.lists or {}).items())
        return Past(self.statement, (), lists)

    @property
    def facts(self) -> str:
        """The statement with its sources, for `bench show`."""
        return f"{self.statement} Sources: {' '.join(self.sources)}"

    @property
    def statement(self) -> str:
        """For records and people."""
        told = (
            "Test cases among its published lists of files are counted, and the score is given without them too."
            if self.lists
            else "No list of its files is published, so that no test case can be looked for."
        )
        parts = (f"{self.title}: pretrained on {', '.join(self.data_sets)}.", told, self.untold)
        return " ".join(part for part in parts if part)


@cache
def _hashes(file: str) -> frozenset[bytes]:
    return unpack((FACTS / file).read_bytes())


LVMMED_LISTS = {
    "aptos2019": "APTOS 2019",
    "bccd": "BCCD",
    "brats2018": "BraTS 2018",
    "hyperkvasir": "HyperKvasir",
    "isic2019": "ISIC 2019",
    "kvasir": "Kvasir",
    "mmwhs_ct": "MM-WHS (CT)",
    "mmwhs_mri": "MM-WHS (MRI)",
    "msd": "Medical Segmentation Decathlon",
    "prostatex": "PROSTATEx",
    "vinbigdata": "VinBigData (VinDr-CXR)",
}
_IMAGENET = "O. Russakovsky et al.: ImageNet Large Scale Visual Recognition Challenge. IJCV 115, 2015."
_SAM = "A. Kirillov et al.: Segment Anything. ICCV, 2023."
KNOWN: Mapping[str, KnownPast] = {
    one.name: one
    for one in (
        KnownPast(
            "lvmmed",
            "LVM-Med (lvmmed_resnet.torch, lvmmed_vit.pth)",
            ("55 public data sets", "among them " + ", ".join(LVMMED_LISTS.values())),
            (
                "D. M. H. Nguyen et al.: LVM-Med. NeurIPS, 2023 (arXiv:2306.11925), and the lists of files that its "
                "authors publish beside the weights.",
            ),
            ("plain",),
            LVMMED_LISTS,
            "Lists are known of these data sets alone. Kvasir-SEG has images of Kvasir, of which 220 polyps are in "
            "the list, under other names: which they are is not told.",
        ),
        KnownPast("sam", "SAM", ("SA-1B (11 million photographs)",), (_SAM,), ("sam",)),
        KnownPast(
            "medsam",
            "MedSAM",
            ("SA-1B (SAM, which it starts from)", "1 570 263 image-mask pairs of public medical data sets"),
            (
                "J. Ma et al.: Segment Anything in Medical Images. Nature Communications 15:654, 2024, whose "
                "supplementary tables name the data sets.",
                _SAM,
            ),
            ("sam",),
            untold="Tasks whose data set is in the paper's tables were seen with their masks: compare by hand.",
        ),
        KnownPast(
            "clip",
            "CLIP of OpenAI",
            ("400 million pairs of image and text from the web (WIT, not published)",),
            ("A. Radford et al.: Learning Transferable Visual Models From Natural Language Supervision. ICML, 2021.",),
            ("clip",),
        ),
        KnownPast(
            "laion",
            "open_clip on LAION-2B",
            ("LAION-2B (English part of LAION-5B, images of the web)",),
            (
                "C. Schuhmann et al.: LAION-5B. NeurIPS Datasets and Benchmarks, 2022.",
                "M. Cherti et al.: Reproducible Scaling Laws for Contrastive Language-Image Learning. CVPR, 2023.",
            ),
            ("clip",),
        ),
        KnownPast(
            "dino",
            "DINO",
            ("ImageNet-1k, training images, without labels",),
            ("M. Caron et al.: Emerging Properties in Self-Supervised Vision Transformers. ICCV, 2021.", _IMAGENET),
            ("dino_teacher", "plain"),
        ),
        KnownPast(
            "dinov2",
            "DINOv2",
            ("LVD-142M (ImageNet-22k, Google Landmarks and other public sets, and images of the web like them)",),
            ("M. Oquab et al.: DINOv2: Learning Robust Visual Features without Supervision. TMLR, 2024.",),
            ("plain",),
        ),
        KnownPast(
            "imagenet",
            "weights of ImageNet-1k (torchvision, and timm's *.in1k)",
            ("ImageNet-1k, training images",),
            (_IMAGENET,),
            ("plain", "moco", "moco_v3", "vissl"),
        ),
    )
}


def find_past(name: str) -> KnownPast:
    """The known past of a name. Raises `UsageError` with the closest match."""
    if name not in KNOWN:
        raise unknown("past", name, KNOWN, "List them: bench list pasts.")
    return KNOWN[name]


def pasts_of_format(name: str) -> list[KnownPast]:
    """The known pasts of weights whose files have a format, which does not tell which of them a file is."""
    return [one for one in KNOWN.values() if name in one.formats]
