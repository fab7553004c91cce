"""Who is told that a job has ended, as the server's settings say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trackside.errors import InvalidInput
from trackside.models import JobSpec

__all__ = ["NOBODY", "Notify", "check_notify"]


@dataclass(frozen=True, slots=True)
class Notify:
    """What is done at the end of a job with ``notify``: ``command`` with its arguments, ``url`` of a webhook."""

    command: Sequence[str] = ()
    url: str = ""

    def __bool__(self) -> bool:
        return bool(self.command or self.url)


NOBODY = Notify()


def check_notify(spec: JobSpec, notify: Notify) -> None:
    """Raise InvalidInput for a job that wants somebody told where nobody can be."""
    if spec.notify and not notify:
        raise InvalidInput(
            "notify: this server has nobody to tell.",
            hint="Set c.TracksideApp.notify_command or notify_url in jupyter_server_config.py.",
            code="no_notify",
        )
