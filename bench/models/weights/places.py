"""Where a file of weights lies: a path, also with `~`, or a file of a repository on the Hugging Face hub."""

from __future__ import annotations

import re
from pathlib import Path

from bench.core.errors import StorageError, UsageError
from bench.core.escape import one_line

HUB = "hf:"
_FORM = r"hf:(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})(?:/(?P<file>[^\s]+))?"
USUAL = ("model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin", "pytorch_model.pth", "model.pth")
"""Files of a repository that are looked for where none is named."""


def is_hub(text: str) -> bool:
    """Whether a text names a file of the hub."""
    return text.startswith(HUB)


def hub_name(text: str) -> str:
    """The name of the repository that a name of the hub is of."""
    return text.removeprefix(HUB).partition("@")[0].rpartition("/")[2]


def file_label(path: Path) -> str:
    """How records name a file: without its folder, or, in the hub's cache, by its place on the hub."""
    kept = re.search(r"models--([^/]+?)--([^/]+)/snapshots/([0-9a-f]{40})/(.+)$", path.as_posix())
    return f"{HUB}{kept[1]}/{kept[2]}@{kept[3]}/{kept[4]}" if kept else path.name


def local_file(text: str) -> Path:
    """The file that a text names, on this machine; one of the hub is downloaded once, into the hub's own cache.

    Raises:
        UsageError: a name of the hub without a pinned revision.
        StorageError: a file of the hub that is neither in the cache nor can be had.
    """
    if not is_hub(text):
        return Path(text).expanduser()
    parts = re.fullmatch(_FORM, text)
    if parts is None:
        raise UsageError(
            f"{one_line(text)}: expected hf:OWNER/NAME@REVISION or hf:OWNER/NAME@REVISION/FILE, where REVISION is the "
            "commit's 40 hexadecimal digits (the page 'Files' of the repository shows it); names of branches and tags "
            "can be moved to other weights."
        )
    files = [parts["file"]] if parts["file"] else list(USUAL)
    return _kept(parts["repository"], parts["revision"], files) or _fetched(
        parts["repository"], parts["revision"], files
    )


def _kept(repository: str, revision: str, files: list[str]) -> Path | None:
    """The first of some files that is in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    for file in files:
        found = try_to_load_from_cache(repository, file, revision=revision)
        if isinstance(found, str):
            return Path(found)
    return None


def _fetched(repository: str, revision: str, files: list[str]) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    where = f"hf:{repository}@{revision}"
    for file in files:
        try:
            return Path(hf_hub_download(repository, file, revision=revision))
        except LocalEntryNotFoundError as error:  # offline, and not in the cache
            raise _unreachable(where, files, error) from error
        except EntryNotFoundError:
            continue
        except Exception as error:  # the hub's client, and what it reaches it through, raise many types
            raise _unreachable(where, files, error) from error
    raise StorageError(f"{where} has none of {', '.join(files)}. Name the file: {where}/FILE.")


def _unreachable(where: str, files: list[str], error: Exception) -> StorageError:
    reason = one_line(str(error)).split(". ")[0][:200]
    return StorageError(
        f"{where}: {files[0]} is not in the hub's cache and cannot be downloaded ({reason}). Download it where the hub "
        "can be reached and name the file, or copy that machine's cache (HF_HUB_CACHE)."
    )
