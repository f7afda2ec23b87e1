"""What a bundle says of the computer that wrote it; nothing that names the computer or its user."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from bench.results.provenance import PACKAGES, versions_of

_CPU_INFO = Path("/proc/cpuinfo")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def environment() -> dict[str, Any]:
    """Versions of Python and of the packages that the harness needs, system, and model of the processor."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "packages": versions_of(sorted({*PACKAGES, *_required()}, key=str.lower)),
    }


def _processor() -> str | None:
    """Name of the processor's model, as its maker gives it; None where the system does not say."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", _CPU_INFO.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        found = None
    return found[1].strip() if found else platform.processor() or None


def _required() -> list[str]:
    """Names of the packages that the harness declares to need, without extras."""
    try:
        declared = requires("medical-ssl-bench") or []
    except PackageNotFoundError:
        return []
    plain = [one for one in declared if "extra ==" not in one]
    return [found[0] for one in plain if (found := _NAME.match(one))]
