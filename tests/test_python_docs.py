"""The session in docs/python.md runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs" / "python.md"


@pytest.mark.slow
def test_the_session_of_the_documents_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), flags=re.DOTALL)
    assert len(blocks) > 6
    script = tmp_path / "session.py"
    script.write_text("\n".join(blocks))
    environment = {**os.environ, "BENCH_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "4 records" in done.stdout
    assert "small_net sequential-" in done.stdout
    assert "torch.Size([2, 512])" in done.stdout
    assert "without_second_order" in done.stdout
    assert "Did you mean 'simclr'?" in done.stdout
