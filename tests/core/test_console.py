"""What the harness says: on standard error, as plain lines where there is no terminal, nothing when quiet."""

import pytest

from bench.core import console
from bench.core.console import Report, TimeLeft, TimeLeftColumn


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def worked(left, clock, *seconds):
    """Finish a unit after each of some seconds."""
    for spent in seconds:
        clock.now += spent
        left.advance()


@pytest.mark.parametrize("unit", [0.1, 40.0, 4000.0])
def test_time_left_is_right_however_long_a_unit_takes(unit):
    clock = Clock()
    left = TimeLeft(4, clock=clock)
    assert left.seconds is None
    worked(left, clock, unit)
    assert left.seconds == pytest.approx(3 * unit)
    clock.now += unit / 2
    assert left.seconds == pytest.approx(2.5 * unit)
    worked(left, clock, unit / 2, unit, unit)
    assert left.seconds == 0


def test_time_left_weighs_units_by_their_costs_and_by_how_fast_things_are():
    clock = Clock()
    left = TimeLeft(3, costs=[10.0, 100.0, None], clock=clock)
    assert left.seconds == pytest.approx(10 + 100 + 55), "known before anything is finished; unknown: the median"
    worked(left, clock, 20.0)
    assert left.seconds == pytest.approx(2 * 155), "twice as slow as recorded"
    clock.now += 300
    assert left.seconds == pytest.approx(2 * 55), "a unit that takes longer than it should does not eat up the next"


def test_units_done_in_an_earlier_command_do_not_count_as_fast():
    clock = Clock()
    left = TimeLeft(10, done=8, clock=clock)
    worked(left, clock, 50.0)
    assert left.seconds == pytest.approx(50)


def test_the_bar_shows_the_time_left_of_runs_longer_than_the_window_of_rich(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(console.time, "monotonic", clock)
    report = Report()
    report.bars.disable = False
    with report.stage("runs", 3) as advance:
        (task,) = report.bars.tasks
        assert TimeLeftColumn().render(task).plain == "-:--:--"
        clock.now += 3600
        advance("")
        assert TimeLeftColumn().render(task).plain == "2:00:00"
    assert any(isinstance(column, TimeLeftColumn) for column in report.bars.columns)


def test_messages_go_to_standard_error_as_they_are(capsys):
    report = Report()
    report.say("[bold]a path[/bold] /x/y")
    report.warn("mind this")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "[bold]a path[/bold] /x/y\nWarning: mind this\n"


def test_quiet_says_nothing(capsys):
    report = Report(quiet=True)
    report.say("a")
    report.warn("b")
    with report.live(), report.stage("work", 2) as advance:
        advance("c")
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_long_stages_say_how_far_they_are_but_not_their_end(capsys, monkeypatch):
    monkeypatch.setattr(console, "LINE_SECONDS", -1.0)
    with Report().stage("embed", 5, done=2) as advance:
        for _ in range(3):
            advance("loss 0.5")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0].strip() for line in lines] == ["embed: 3/5", "embed: 4/5"]
    assert all(line.endswith("left loss 0.5") for line in lines)


def test_a_stage_that_fails_leaves_no_bar():
    report = Report(quiet=True)
    try:
        with report.stage("work", 2):
            raise ValueError
    except ValueError:
        pass
    assert report.bars.tasks == []


def test_nothing_in_a_message_controls_the_terminal(capsys):
    report = Report()
    report.say("\x1b[2Jwiped \udcff\u202e")
    report.warn("a\rb")
    with report.stage("a\x07[bold]\n", 1) as advance:
        advance("\x1b[31m[red]")
    assert capsys.readouterr().err == "\\x1b[2Jwiped \\xff\\u202e\nWarning: a\\x0db\n"


def test_a_bar_shows_names_as_they_are(monkeypatch):
    report = Report()
    report.bars.disable = False
    with report.stage("[bold]a\x1b", 2) as advance:
        advance("[red]b")
        (task,) = report.bars.tasks
        assert (task.description, task.fields["note"]) == (r"\[bold]a\x1b", r"\[red]b")


def test_colons_in_a_message_are_no_pictures(capsys):
    Report().warn("from nothere:B: and :smile:")
    assert "nothere:B: and :smile:" in capsys.readouterr().err
