"""``%track`` shows curves; ``%%track`` runs the cell here, in the kernel, as a tracked run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput, TracksideError, near
from trackside.magics import usages
from trackside.magics.lists import newest_run
from trackside.magics.options import Arguments, read_arguments
from trackside.magics.values import config_of

if TYPE_CHECKING:
    from trackside.display.bundle import Bundle
    from trackside.display.tracked import Tracked
    from trackside.magics.session import Session
    from trackside.models import Metrics, RunInfo

__all__ = ["show_curves", "track", "track_cell"]


@dataclass(frozen=True)
class _View:
    """What ``%track`` was asked to show."""

    keys: tuple[str, ...]
    runs: tuple[str, ...]
    x: str
    smooth: float
    last: int | None
    static: bool


def track(session: Session, line: str) -> Tracked:
    """Show the curves of runs; live in JupyterLab, a picture elsewhere, a table in a terminal.

    The value has ``data`` and ``curves(KEY)``, DataFrames.
    """
    from trackside.display.tracked import Tracked

    view = _read_view(read_arguments(usages.TRACK, line))
    runs = _runs(session, view)
    shown = _bundle(session, view, runs)
    show = session.once_a_cell(lambda: _show(session, view, _runs(session, view))) if session.panels.is_kernel else None
    if show is not None:
        _show_bundle(session, view, runs, shown)
    return Tracked(lambda: session.client, runs, view.keys, view.x, str(shown["text/plain"]), show)


def show_curves(session: Session, runs: Sequence[RunInfo], x: str) -> None:
    """Show all curves of these runs over each other, live."""
    view = _View(keys=(), runs=(), x=x, smooth=0.0, last=None, static=False)
    _show_bundle(session, view, runs, _bundle(session, view, runs))


def _show(session: Session, view: _View, runs: Sequence[RunInfo]) -> None:
    _show_bundle(session, view, runs, _bundle(session, view, runs))


def _show_bundle(session: Session, view: _View, runs: Sequence[RunInfo], shown: Bundle) -> None:
    """Show the panel, and bring its picture up to date when one of the runs ends."""
    from trackside.models import FINAL

    if view.static:
        session.show_bundle({key: value for key, value in shown.items() if key in ("text/plain", "image/png")})
        return
    display_id = session.panels.show(shown)
    for run in runs:
        if run.status not in FINAL and run.job_id:
            session.panels.watch(run.job_id, lambda _: _bring_up_to_date(session, view, display_id))


def _read_view(arguments: Arguments) -> _View:
    return _View(
        keys=tuple(key for word in arguments.words for key in word.split(",") if key),
        runs=tuple(arguments.names("run")),
        x=arguments.text("x") or "step",
        smooth=arguments.fraction("smooth"),
        last=arguments.whole("last", 0) or None,
        static=arguments.has("static"),
    )


def _runs(session: Session, view: _View) -> list[RunInfo]:
    if not view.runs:
        return [newest_run(session)]
    found = [session.client.runs.get(_with_prefix(name)) for name in view.runs]
    return list({run.id: run for run in found}.values())


def _with_prefix(name: str) -> str:
    """Return the id of a run whose number was typed: ``41`` is ``job-41`` everywhere."""
    return f"job-{name}" if name.isdigit() else name


def _bundle(session: Session, view: _View, runs: Sequence[RunInfo], *, aside: bool = False) -> Bundle:
    """Return what is shown of these runs now; ``aside`` draws the picture in another process."""
    from trackside.display.bundle import track_bundle
    from trackside.display.curves import MAX_POINTS, curves_of
    from trackside.display.picture import draw, draw_aside
    from trackside.display.text import now_utc

    measured = [session.client.runs.metrics(run.id, view.keys or None, x=view.x, max_points=MAX_POINTS) for run in runs]
    _check_keys(session, view, runs, measured)
    now = now_utc()
    labels = _labels(runs)
    charts = curves_of(list(zip(labels, measured, strict=True)), view.keys, last=view.last)
    picture = None
    if session.panels.is_kernel:
        title = " · ".join(labels)
        make = draw_aside if aside else draw
        picture = make(title, charts, x=view.x, weight=view.smooth, note=f"{now.astimezone():%Y-%m-%d %H:%M}")
    text = _text(labels, runs, measured, view)
    return track_bundle(runs, text, picture, keys=view.keys, x=view.x, smooth=view.smooth, last=view.last)


def _check_keys(session: Session, view: _View, runs: Sequence[RunInfo], measured: Sequence[Metrics]) -> None:
    """Refuse a metric that no run has, once one of them has logged something; a run that has just begun may log it yet."""
    missing = [key for key in view.keys if not any(key in metrics.series for metrics in measured)]
    if not missing:
        return
    known = sorted({key for run in runs for key in session.client.runs.metrics(run.id, max_points=2).series})
    if known:
        hint = near(missing[0], known) or f"Logged: {', '.join(known)}."
        raise InvalidInput(f"No run here logged {missing[0]!r}.", hint=hint, code="unknown_metric")


def _labels(runs: Sequence[RunInfo]) -> list[str]:
    """Return the names of the runs, with the id where two have one name."""
    names = [run.name for run in runs]
    return [run.name if names.count(run.name) == 1 else f"{run.name} · {run.id}" for run in runs]


def _text(labels: Sequence[str], runs: Sequence[RunInfo], measured: Sequence[Metrics], view: _View) -> str:
    from trackside.display.curves import last_values
    from trackside.display.text import now_utc, number, table
    from trackside.sdk.standing import state

    now = now_utc()
    rows = [
        (label, state(run, now), key, number(last), number(low), number(high))
        for label, run, metrics in zip(labels, runs, measured, strict=True)
        for key, last, low, high in last_values(metrics, view.keys)
    ]
    if not rows:
        return "\n".join(
            f"{label}: {state(run, now)}, nothing logged{_yet(run)}" for label, run in zip(labels, runs, strict=True)
        )
    return table(("run", "state", "metric", "last", "min", "max"), rows)


def _yet(run: RunInfo) -> str:
    return "" if run.finished_at is not None else " yet"


def _bring_up_to_date(session: Session, view: _View, display_id: str) -> None:
    """When one of the runs has ended; often in the watching thread, so nothing is printed here."""
    runs = _runs(session, view)
    session.panels.update(_bundle(session, view, runs, aside=True), display_id)


def track_cell(session: Session, line: str, cell: str) -> None:
    """Run the cell here, in the kernel, as a tracked run; an exception makes it a failed one and stays an exception.

    Its curves stand above the cell's output from the start: the browser reads them from the server, not from the busy
    kernel.
    """
    __tracebackhide__ = True
    from trackside.magics.here import run_here
    from trackside.tracking import init

    arguments = read_arguments(usages.TRACK_CELL, line)
    config = config_of(arguments, session.namespace)
    settle = _no_curves
    try:
        with init(name=arguments.text("name"), config=config, tags=arguments.names("tag") or None) as run:
            session.keep_run(run.run_id)
            session.say(f"tracking {run.run_id} in {run.run_dir}")
            settle = _show_curves(session, run.run_id)
            run_here(session.shell, cell)
    finally:
        settle()


def _no_curves() -> None:
    """Nothing is shown, nothing need be brought up to date."""


def _show_curves(session: Session, run_id: str) -> Callable[[], None]:
    """Show the curves of a run of this kernel; return what brings them up to date at its end.

    They are a comfort: without a server the cell runs all the same.
    """
    if not session.panels.is_kernel:
        return _no_curves
    view = _View(keys=(), runs=(run_id,), x="step", smooth=0.0, last=None, static=False)
    try:
        display_id = session.panels.show(_bundle(session, view, _runs(session, view)))
    except TracksideError as error:
        session.say(f"There are no live curves: {error.message}")
        return _no_curves

    def settle() -> None:
        try:
            _bring_up_to_date(session, view, display_id)
        except TracksideError as error:
            session.say(f"The curves were not brought up to date: {error.message}")

    return settle
