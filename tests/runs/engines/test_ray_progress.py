"""What workers say: kept by an actor, and shown in one table."""

from types import SimpleNamespace

from bench.core import console
from bench.core.console import Report
from bench.runs.engines import ray_progress as module
from bench.runs.engines.ray_progress import Events, SentReport, Stage, StageTable


def sender(events):
    return SimpleNamespace(put=SimpleNamespace(remote=events.put))


def test_a_workers_report_is_sent_and_taken_once():
    events = Events()
    report = SentReport(sender(events), "node 7")
    report.say("hello")
    report.warn("careful")
    with report.live(), report.stage("pretrain", 3, 1) as advance:
        advance("loss 1")
        advance("loss 2")
    taken = events.take()
    assert events.take() == []
    assert taken[:2] == [("node 7", "say", "hello"), ("node 7", "warn", "careful")]
    stages = [what for _, _, what in taken[2:]]
    assert [(one.number, one.name, one.total, one.done, one.over) for one in stages] == [
        (0, "pretrain", 3, 2, False),
        (0, "pretrain", 3, 3, True),
    ], "sent twice a second at most, and at the end"


def test_the_table_has_a_bar_for_each_stage_and_lines_without_a_terminal(capfd, monkeypatch):
    report = Report()
    table = StageTable(report)
    now = iter([0.0, 1.0, 40.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    table.show(("node 7", "say", "hello"))
    table.show(("node 7", "warn", "careful"))
    for done in (1, 2):
        table.show(("node 7", "stage", Stage(0, "pretrain [x]", 3, done, 12.0, f"loss {done}")))
    (bar,) = report.bars.tasks
    assert (bar.completed, bar.total, bar.fields["time_left"].seconds) == (2, 3, 12.0)
    table.show(("node 7", "stage", Stage(0, "pretrain [x]", 3, 3, 0.0, over=True)))
    assert report.bars.tasks == []
    assert console.LINE_SECONDS < 40
    assert capfd.readouterr().err.splitlines() == [
        "node 7: hello",
        "Warning: node 7: careful",
        "  node 7: pretrain [x]: 2/3, about 12 s left loss 2",
    ]
