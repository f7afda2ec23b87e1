"""The command `bench check`."""

import json

from tests.plugins_of import METHOD, TASK, replaced, write_plugin


def test_text_json_and_exit_codes(bench, tmp_path):
    sound = bench("check", "random")
    assert (sound.code, sound.out.splitlines()[0]) == (0, "method random: sound")
    path = write_plugin(tmp_path, replaced(METHOD, ('{"loss": cross', '{"lost": cross')))
    broken = bench("check", str(path))
    assert broken.code == 4
    assert "method pairs: not sound\n  Pairs.loss gave lost, and no key `loss`." in broken.out
    (row,) = json.loads(bench("check", str(path), "--json").out)
    assert (row["noun"], row["name"], row["sound"], row["passed"]) == ("method", "pairs", False, [])
    assert row["error"].startswith("Pairs.loss gave lost")


def test_a_task_on_its_data_and_a_file_that_cannot_be_registered(bench, tmp_path):
    path = write_plugin(tmp_path, replaced(TASK, ('.convert("RGB")', "")))
    assert bench("check", "own_arrays", "--plugin", str(path)).code == 3
    path = write_plugin(tmp_path, METHOD.replace("title =", "titel ="))
    done = bench("check", str(path))
    assert (done.code, "Method Pairs from" in done.err, "lacks title" in done.err) == (4, True, True)
