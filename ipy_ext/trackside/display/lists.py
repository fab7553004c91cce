"""What ``%jobs`` and ``%runs`` give: the table that is shown, and ``data``, the same as a DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trackside.client.frames import need_library
from trackside.display.sheet import Sheet

if TYPE_CHECKING:
    from pandas import DataFrame

    from trackside.models import Job

__all__ = ["JobSheet", "RunSheet"]


class RunSheet(Sheet):
    """Runs; ``data`` reads settings, summary and metrics of each when it is asked for."""

    def __init__(
        self, text: str, head: Sequence[str], rows: Sequence[Sequence[str]], read: Callable[[], DataFrame]
    ) -> None:
        super().__init__(text, "", head, rows)
        self._read = read

    @property
    def data(self) -> DataFrame:
        """One row for each run, as ``client.runs.table`` has them: settings, summary, last and best of each metric."""
        return self._read()


class JobSheet(Sheet):
    """Jobs, with the line of counts above."""

    def __init__(
        self, text: str, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], jobs: Sequence[Job]
    ) -> None:
        super().__init__(text, title, head, rows)
        self._jobs = jobs

    @property
    def data(self) -> DataFrame:
        """One row for each job, its id the index; times are UTC, ``peak_memory`` is in bytes, ``cost`` in the site's currency."""
        need_library("pandas")
        import pandas as pd

        columns = {
            "name": [job.name for job in self._jobs],
            "status": [job.status for job in self._jobs],
            "reason": [job.reason.code if job.reason else None for job in self._jobs],
            "exit_code": pd.array([job.exit_code for job in self._jobs], dtype="Int64"),
            "tags": [list(job.spec.tags) for job in self._jobs],
            "gpus": [list(job.gpus) for job in self._jobs],
            "attempt": [job.attempt for job in self._jobs],
            "peak_memory": pd.array([job.peak_memory for job in self._jobs], dtype="Int64"),
            "gpu_hours": [job.gpu_hours for job in self._jobs],
            "cost": pd.array([job.cost for job in self._jobs], dtype="Float64"),
            "created": pd.to_datetime([job.created_at for job in self._jobs], utc=True),
            "started": pd.to_datetime([job.started_at for job in self._jobs], utc=True),
            "finished": pd.to_datetime([job.finished_at for job in self._jobs], utc=True),
        }
        return pd.DataFrame(columns, index=pd.Index([job.id for job in self._jobs], name="id"))
