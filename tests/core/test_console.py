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
