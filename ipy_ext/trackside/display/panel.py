"""Puts jobs, curves and files into the notebook, and brings the picture of a job up to date when it ends."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackside.display.formatter import is_kernel
from trackside.display.live import LivePanels
from trackside.display.text import now_utc
from trackside.display.watch import Watch
from trackside.sdk.standing import label, state

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from trackside.client import Client
    from trackside.display.bundle import Bundle
    from trackside.models import Job as JobFacts
    from trackside.sdk.job import Job
    from trackside.sdk.sweep import Sweep

__all__ = ["Panels"]

_log = logging.getLogger(__name__)


class Panels:
    """The panels of one shell: in a kernel they are display outputs that can be updated, in a terminal text."""

    def __init__(self, shell: InteractiveShell, client: Callable[[], Client]) -> None:
        self._shell = shell
        self._client = client
        self._watch = Watch(client)
        self._live = LivePanels(shell.user_ns, client)
        self._shown: tuple[str, int] | None = None

    @property
    def is_kernel(self) -> bool:
        """Whether a front end shows bundles, rather than a terminal text."""
        return is_kernel(self._shell)

    def show_job(self, job: Job, *, carried: str = "") -> None:
        """Show the panel of a job at once; its picture follows when it has ended and this kernel lives."""
        from trackside.display.bundle import job_bundle

        facts = job.facts
        bundle = job_bundle(job.reference(), facts, now_utc(), carried=carried)
        if not self.is_kernel:
            print(bundle["text/plain"])  # noqa: T201  # a terminal's way to show
            return
        self._shown = (job.uuid, self._shell.execution_count)
        display_id = self.show(bundle)
        self._watch.add(job.id, lambda ended: self._bring_up_to_date(job, ended, carried, display_id))

    def show_sweep(self, sweep: Sweep, *, said: str = "") -> None:
        """Show one panel for all jobs of a sweep; its picture follows when all have ended and this kernel lives."""
        from trackside.display.sweeping import sweep_bundle

        bundle = sweep_bundle(sweep.facts, sweep.grid, now_utc(), said=said)
        if not self.is_kernel:
            print(bundle["text/plain"])  # noqa: T201  # a terminal's way to show
            return
        self._shown = (sweep.tag + sweep[0].uuid, self._shell.execution_count)
        display_id = self.show(bundle)
        waiting = {job.id: job for job in sweep}

        def ended(facts: JobFacts) -> None:
            waiting.pop(facts.id).update(facts)
            if not waiting:
                self._settle_sweep(sweep, said, display_id)

        for job in sweep:
            self._watch.add(job.id, ended)

    def _settle_sweep(self, sweep: Sweep, said: str, display_id: str) -> None:
        """In the watching thread: nothing is printed here."""
        from trackside.display.sweeping import sweep_bundle, sweep_picture

        now, facts = now_utc(), sweep.facts
        picture = sweep_picture(facts, self._client(), f"{now.astimezone():%Y-%m-%d %H:%M}")
        self.update(sweep_bundle(facts, sweep.grid, now, said=said, picture=picture), display_id)

    def show_value(self, value: Job | Sweep) -> None:
        """Show the value of a cell, but not a second time when the magic that gave it has just shown it."""
        from trackside.sdk.sweep import Sweep

        shown, self._shown = self._shown, None
        name = value.tag + value[0].uuid if isinstance(value, Sweep) else value.uuid
        if shown == (name, self._shell.execution_count):
            return
        if isinstance(value, Sweep):
            self.show_sweep(value.refresh())
        else:
            self.show_job(value)

    def show(self, bundle: Bundle) -> str:
        """Show a bundle; return the id by which it can be updated."""
        from IPython.display import display

        display_id = f"trackside-{uuid.uuid4().hex}"
        display(self._live.shown(bundle, display_id), raw=True, display_id=display_id)
        return display_id

    def watch(self, job_id: str, ended: Callable[[JobFacts], None]) -> None:
        """Call back, in another thread that must not print, when a job ends."""
        self._watch.add(job_id, ended)

    def update(self, bundle: Bundle, display_id: str) -> None:
        """Replace what was shown under this id."""
        from IPython.display import update_display

        update_display(self._live.updated(bundle, display_id), raw=True, display_id=display_id)

    def _bring_up_to_date(self, job: Job, ended: JobFacts, carried: str, display_id: str) -> None:
        """In the watching thread: nothing is printed here."""
        from trackside.display.bundle import job_bundle
        from trackside.sdk.results import results_said

        job.update(ended)
        picture = self._picture(ended)
        said = {"carried": carried, "brought": results_said(ended)}
        self.update(job_bundle(job.reference(), ended, now_utc(), picture=picture, **said), display_id)

    def _picture(self, job: JobFacts) -> bytes | None:
        """Draw a job's curves in another process; None when it logged nothing."""
        from trackside.display.curves import MAX_POINTS, curves_of
        from trackside.display.picture import draw_aside

        metrics = self._client().runs.metrics(job.run_id, max_points=MAX_POINTS)
        if not metrics.series:
            return None
        now = now_utc()
        note = f"{now.astimezone():%Y-%m-%d %H:%M}"
        return draw_aside(f"{label(job)} · {state(job, now)}", curves_of([(job.name, metrics)]), x=metrics.x, note=note)
