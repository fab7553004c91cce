"""What the magics of one shell share: its names, its client, its panels, the last job."""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from trackside.errors import NotFound

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from trackside.client import Client
    from trackside.display.bundle import Bundle
    from trackside.display.panel import Panels
    from trackside.display.pending import Outputs
    from trackside.display.sheet import Sheet
    from trackside.sdk.job import Job
    from trackside.sdk.sweep import Sweep

__all__ = ["Session"]

_S = TypeVar("_S", bound="Sheet")


class Session:
    """One shell with our magics. Nothing heavy is imported before it is used: loading the extension is quick."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self._run_id: str | None = None

    @property
    def namespace(self) -> MutableMapping[str, object]:
        """The names of the notebook."""
        return self.shell.user_ns  # type: ignore[no-any-return]  # IPython's dict of the user's names

    @property
    def client(self) -> Client:
        """The client of this process."""
        from trackside.sdk.connection import default_client

        return default_client()

    @cached_property
    def panels(self) -> Panels:
        """Where things are shown."""
        from trackside.display.panel import Panels

        return Panels(self.shell, lambda: self.client)

    @cached_property
    def outputs(self) -> Outputs:
        """The names that jobs will bind."""
        from trackside.display.pending import Outputs

        return Outputs(self.namespace)

    def job(self, reference: str) -> Job:
        """Return a job by id or name."""
        from trackside.sdk.job import job

        return job(reference, client=self.client)

    def keep(self, job: Job) -> None:
        """Make this the last job: ``_job`` in the notebook."""
        self.namespace["_job"] = job
        self._run_id = job.run_id

    def keep_sweep(self, sweep: Sweep) -> None:
        """Make this the last sweep, ``_sweep`` in the notebook, and its last job the last job."""
        self.namespace["_sweep"] = sweep
        self.keep(sweep[-1])

    def keep_run(self, run_id: str) -> None:
        """Make this the run that ``%track`` and ``%artifacts`` mean when none is named."""
        self._run_id = run_id

    def last_job(self) -> Job | None:
        """Return the notebook's last job, None before the first."""
        from trackside.sdk.job import Job

        last = self.namespace.get("_job")
        return last if isinstance(last, Job) else None

    def own_run(self) -> str | None:
        """Return the id of the run that is open in this notebook, else of the one it made last, None if it made none."""
        from trackside.tracking import current_run

        try:
            tracked = current_run()
        except NotFound:
            return self._run_id
        return tracked.run_id if tracked.status == "running" or self._run_id is None else self._run_id

    def show_job(self, job: Job, *, carried: str = "") -> None:
        """Show the panel of a job."""
        self.panels.show_job(job, carried=carried)

    def show(self, thing: object) -> None:
        """Show something that has its own text and HTML."""
        from IPython.display import display

        display(thing)

    def shown(self, sheet: _S) -> _S:
        """Show a table at once, where a notebook would not otherwise; return it, to be the value of its magic."""
        if self.panels.is_kernel:
            self.show(sheet)
            sheet.show_again = self.once_a_cell(lambda: self.panels.show(dict(sheet.bundle())))
        return sheet

    def show_bundle(self, bundle: Bundle) -> None:
        """Show a bundle in a notebook, its text in a terminal."""
        if self.panels.is_kernel:
            self.panels.show(bundle)
        else:
            self.say(str(bundle["text/plain"]))

    def once_a_cell(self, show: Callable[[], object]) -> Callable[[], None]:
        """Return what shows a value again in a later cell, and nothing in this one, where it was just shown."""
        here = self.shell.execution_count

        def shown_elsewhere() -> None:
            if self.shell.execution_count != here:
                show()

        return shown_elsewhere

    def say(self, text: str) -> None:
        """Print a line for the person."""
        self.write(f"{text}\n")

    def write(self, text: str) -> None:
        """Print text as it is, at once."""
        write: Callable[[str], object] = sys.stdout.write
        write(text)
        sys.stdout.flush()
