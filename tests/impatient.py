"""``python -m tests.impatient``: a Jupyter server that looks five times a second, not once a minute, whether it is idle."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_server import serverapp
from tornado import ioloop


class _Often(ioloop.PeriodicCallback):
    def __init__(self, callback: Callable[[], object], interval: float, *rest: float) -> None:
        super().__init__(callback, min(interval, 200), *rest)


if __name__ == "__main__":
    ioloop.PeriodicCallback = _Often  # type: ignore[misc]  # for this process alone
    serverapp.main()
