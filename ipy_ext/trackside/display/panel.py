"""Puts jobs, curves and files into the notebook, and brings the picture of a job up to date when it ends."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackside.display.formatter import is_kernel
from trackside.display.text import now_utc
from trackside.display.watch import Watch
from trackside.sdk.standing import label, state

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from trackside.client import Client
    from trackside.display.bundle import Bundle
    from trackside.models import Job as JobFacts
    from trackside.sdk.job import Job

__all__ = ["Panels"]

_log = logging.getLogger(__name__)


class Panels:
    """The panels of one shell: in a kernel they are display outputs that can be updated, in a terminal text."""

    def __init__(self, shell: InteractiveShell, client: Callable[[], Client]) -> None:
        self._shell = shell
        self._client = client
        self._watch = Watch(client)
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

    def show_value(self, job: Job) -> None:
        """Show the value of a cell, but not a second time when the magic that gave it has just shown it."""
        shown, self._shown = self._shown, None
        if shown != (job.uuid, self._shell.execution_count):
            self.show_job(job)

    def show(self, bundle: Bundle) -> str:
        """Show a bundle; return the id by which it can be updated."""
        from IPython.display import display

        display_id = f"trackside-{uuid.uuid4().hex}"
        display(bundle, raw=True, display_id=display_id)
        return display_id

    def watch(self, job_id: str, ended: Callable[[JobFacts], None]) -> None:
        """Call back, in another thread that must not print, when a job ends."""
        self._watch.add(job_id, ended)

    def update(self, bundle: Bundle, display_id: str) -> None:
        """Replace what was shown under this id."""
        from IPython.display import update_display

        update_display(bundle, raw=True, display_id=display_id)

    def _bring_up_to_date(self, job: Job, ended: JobFacts, carried: str, display_id: str) -> None:
        """In the watching thread: nothing is printed here."""
        from trackside.display.bundle import job_bundle

        job.update(ended)
        picture = self._picture(ended)
        self.update(job_bundle(job.reference(), ended, now_utc(), carried=carried, picture=picture), display_id)

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
