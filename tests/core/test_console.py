"""What the harness says: on standard error, as plain lines where there is no terminal, nothing when quiet."""

from bench.core import console
from bench.core.console import Report


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
