"""The commands of `bench dev`, for developers of this project: parse and print, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import Quiet, echo


def register(app: typer.Typer) -> None:
    """Add the commands to `bench dev`."""
    app.command(
        "lock", epilog="Examples:\n\nbench dev lock --check\n\nbench dev lock --only views --only 'method simclr'"
    )(lock)


def lock(
    lock: Annotated[Path, typer.Option("--lock", help="The lock.")] = Path("behaviour.lock"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 where it does not hold.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="This component alone; repeatable.")] = None,
    quiet: Quiet = False,
) -> None:
    """Hold every component's canary against behaviour.lock, and refresh the lock where behaviour is as it was.

    Exit code 1 where a component gives something else than the lock says and its version did not rise: raise its
    version, or undo the change. Such an entry is never refreshed.
    """
    from bench.core.console import Report
    from bench.core.errors import unknown
    from bench.dev import lock as locks
    from bench.dev.components import components

    known = {component.name: component for component in components()}
    for name in only or ():
        if name not in known:
            raise unknown("component", name, known, "Leave --only out for all.")
    locked = locks.read_lock(lock) if check or lock.exists() else {}
    chosen = [known[name] for name in only or known]
    findings = locks.check(chosen, locked, Report(quiet=quiet))
    bad = [f for f in findings if f.state in locks.BROKEN or (check and f.state in locks.STALE)]
    gone = sorted(locked.keys() - known.keys())
    for finding in findings:
        if finding in bad or (finding.state != "as locked" and not quiet):
            echo(str(finding), err=finding in bad)
    for name in gone:
        echo(f"{name}: in the lock and no more a component{'' if check else '; its entry goes'}", err=check)
    if not check:
        kept = {name: entry for name, entry in locked.items() if name in known}
        locks.refresh(lock, [f for f in findings if f not in bad], kept)
        echo(f"{lock}: {len(findings) - len(bad)} of {len(findings)} components written")
    if bad or (check and gone):
        raise typer.Exit(1)
