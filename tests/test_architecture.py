"""Rules of the structure that a reader may rely on: rooms, sizes, imports that go one way, tests beside modules."""

import ast
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "tasks")
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
KERNELS = {"methods/lvmmed/tabu_numba.py", "methods/lvmmed/tabu_triton.py"}
"""Compiled as a whole: parts of them would have to be inlined again."""
MOST_FILES, MOST_LINES, MOST_LINES_OF_A_FUNCTION = 15, 250, 40


def place(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_every_module_of_bench_has_its_test_file():
    modules = [path for path in MODULES if place(path).startswith("bench/") and path.name != "__init__.py"]
    expected = {
        place(p): p.relative_to(REPOSITORY / "bench").with_name(f"test_{p.stem.strip('_')}.py") for p in modules
    }
    missing = {
        module: f"tests/{test}" for module, test in expected.items() if not (REPOSITORY / "tests" / test).exists()
    }
    assert missing == {}


def test_no_room_is_crowded():
    files = Counter(place(path.parent) for path in MODULES if path.name != "__init__.py")
    crowded = {room: n for room, n in files.items() if room.startswith("bench/") and n > MOST_FILES}
    assert crowded == {}


def test_no_file_is_long():
    lengths = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {file: n for file, n in lengths.items() if n > MOST_LINES} == {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_no_function_is_long():
    lengths = {f"{place(p)} {name}": n for p in MODULES if place(p) not in KERNELS for name, n in functions(p)}
    assert {function: n for function, n in lengths.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


def test_rooms_import_downwards_only():
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or "lint-imports"
    done = subprocess.run([command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, known: set[str]) -> set[str]:
    """Modules of the three packages that a file imports, wherever it does: in functions and for annotations too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in inside}
    return found & known


def test_no_modules_import_each_other_in_a_circle():
    known = {module_name(path) for path in MODULES}
    graph = {module_name(path): imports(path, known) for path in MODULES}
    assert {"bench.core.errors", "bench.runs.run", "methods.lvmmed.solver"} <= set(graph)
    assert "bench.core.task" in graph["bench.core.kind"]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")
