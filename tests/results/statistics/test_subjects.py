"""Cases of one subject are resampled together."""

from bench.results.companions import SplitFiles
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.statistics.subjects import subjects_of
from bench.results.store import Store
from tests.results.stores_of import N_CASES, add_run


def test_a_case_without_a_known_subject_is_its_own(tmp_path):
    store = Store(tmp_path)
    assert subjects_of(store, add_run(store), ["a", "b"]) == (["case a", "case b"], False)
    file = SplitFiles(tmp_path, "splits/x").write_subjects({"a": "p", "b": None, "c": "p"})
    known = add_run(store, seed=1, subjects=file)
    assert subjects_of(store, known, ["a", "b", "c"]) == (["subject p", "case b", "subject p"], True)


def test_known_subjects_are_resampled_whole(tmp_path):
    def width(per_subject):
        store = Store(tmp_path / str(per_subject))
        for seed in range(3):
            subjects = {f"case {i:03d}": f"p{i % (N_CASES // per_subject)}" for i in range(N_CASES)}
            file = SplitFiles(store.results, "splits/x").write_subjects(subjects if per_subject > 1 else {})
            values = [float(i % (N_CASES // per_subject)) / N_CASES for i in range(N_CASES)]
            metrics = {"accuracy": 0.5, "dice": sum(values) / N_CASES}
            columns = {"metrics": [{"dice": value} for value in values]}
            add_run(store, seed=seed, columns=columns, metrics=metrics, metric="dice", subjects=file)
        [row] = board_of(read_frame(store, tmp_path / "cache")[0]).to_dict("records")
        return row["interval_over"], row["ci95_high"] - row["ci95_low"]

    alone, grouped = width(1), width(2)
    assert (alone[0], grouped[0]) == ("seeds and cases", "seeds and subjects")
    assert grouped[1] * 2 > 1.2 * alone[1], "values are half as spread in pairs, and half as many are drawn"
