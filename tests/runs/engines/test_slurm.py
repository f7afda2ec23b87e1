"""An array script names each unfinished unit once, is valid for bash, and asks for what records tell."""

import subprocess

from bench.runs.engines.slurm import array_script
from bench.runs.request import request_of


def test_a_script_has_a_task_for_each_unfinished_encoder(phantom_root, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "a cache"))
    request = request_of(
        methods=("simclr", "random"), tasks=("brain_tumor_linear",), protocols=("linear", "knn"),
        backbones=("vit_tiny_8",), seeds=(0, 1), results=tmp_path / "r", cache=tmp_path / "c",
        data_root=phantom_root, device="cpu", workers=2, settings={"task": {"image_size": 32}},
    )  # fmt: skip
    arguments = ["-m", "simclr,random", "--set", "method.name='a b'"]
    script = array_script(request, arguments, quiet=True)
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "#SBATCH --array=0-3" in lines
    assert "#SBATCH --cpus-per-task=3" in lines
    assert "--time=" not in script.replace("a --time", "")
    assert "gres" not in script
    assert f"export BENCH_CACHE='{tmp_path / 'a cache'}'" in lines
    units = [line.split()[0] for line in lines if line.startswith("    ")]
    assert len(set(units)) == 4
    assert sum("simclr (vit_tiny_8, seed" in line and ": 2 runs" in line for line in lines) == 2
    shown = script.replace("exec ", "for one in 0 3; do SLURM_ARRAY_TASK_ID=$one; printf '%s\\n' ") + "done\n"
    done = subprocess.run(["bash"], input=shown, text=True, check=True, capture_output=True)
    words = done.stdout.splitlines()
    assert [words[number + 1] for number, word in enumerate(words) if word == "--unit"] == [units[0], units[3]]
    assert words[words.index("--set") + 1] == "method.name='a b'"
