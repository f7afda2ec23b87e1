"""Damage anywhere in the cache: the same command gives the same record, and says in one line what it made again."""

import json
import shutil

import pytest

SETTINGS = ("--seed", "0", "--set=pretrain.epochs=2")


def zeroed(path):
    """What a lost block leaves: the second half of a file is zeros."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def outcome(folder):
    (path,) = (folder / "runs").rglob("*.json")
    record = json.loads(path.read_text())
    return record["identity"], record["metrics"], record["cases"], record["logged"]


@pytest.mark.slow
def test_damage_of_the_cache_never_becomes_a_score(run, tmp_path):
    results, cache = tmp_path / "results", tmp_path / "cache"
    assert run("simclr", "brain_tumor_linear", *SETTINGS).code == 0
    wanted = outcome(results)
    assert wanted[3]["loss"] > 0

    def again(*patterns, without=()):
        shutil.rmtree(results)
        for folder in without:
            shutil.rmtree(cache / folder)
        damaged = [path for pattern in patterns for path in cache.glob(pattern)]
        assert damaged
        for path in damaged:
            zeroed(path)
        done = run("simclr", "brain_tumor_linear", *SETTINGS)
        assert done.code == 0, done.err
        assert outcome(results) == wanted
        return [line for line in done.err.splitlines() if line.endswith((" again.", "without a word."))]

    (line,) = again("checkpoints/*/*/encoder.safetensors")
    assert "encoder.safetensors: is not a readable checkpoint: " in line
    assert line.endswith("It is pretrained again.")
    (line,) = again("embeddings/*/*.npy")
    assert "/embeddings/" in line
    (line,) = again("decoded/*/*.npy", without=("checkpoints", "embeddings"))
    assert "/decoded/" in line
    assert again("checkpoints/*/*/log.csv") == []
    (line,) = again("checkpoints/*/*/log.csv", "checkpoints/*/*/encoder.safetensors")
    assert "encoder.safetensors" in line


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"half"])
def test_a_damaged_state_of_a_killed_command_starts_over(run, tmp_path, content):
    assert run("simclr", "brain_tumor_linear", *SETTINGS).code == 0
    wanted = outcome(tmp_path / "results")
    (encoder,) = (tmp_path / "cache").rglob("encoder.safetensors")
    encoder.with_name("last.ckpt").write_bytes(content)
    encoder.unlink()
    shutil.rmtree(tmp_path / "results")
    done = run("simclr", "brain_tumor_linear", *SETTINGS)
    assert done.code == 0, done.err
    assert done.err.count("last.ckpt is damaged: ") == 1
    assert outcome(tmp_path / "results") == wanted
