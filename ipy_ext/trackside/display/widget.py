"""A panel as a widget of anywidget: for front ends that have neither our lab extension nor a way to the server."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from trackside.display.static_code import static_code
from trackside.errors import MissingPackage
from trackside.sdk.job import MIME_TYPE

if TYPE_CHECKING:
    from trackside.display.bundle import Bundle
    from trackside.display.relay import Relay

__all__ = ["Widget", "panel_widget"]

_VIEW = "application/vnd.jupyter.widget-view+json"


class Widget(Protocol):
    """The part of a widget that is used here."""

    @property
    def view(self) -> Bundle:
        """What stands for it in a bundle. First in it: VS Code takes the first that it can show."""

    def close(self) -> None:
        """Take it out of the kernel and of the front end."""


def panel_widget(bundle: Bundle, relay: Relay) -> Widget:
    """Return a widget that shows the bundle live through this kernel; raises MissingPackage where it cannot."""
    missing = [name for name in ("anywidget", "websockets") if find_spec(name) is None]
    if missing:
        needed = " and ".join(missing)
        raise MissingPackage(f"Live panels in this front end need {needed}.", hint='pip install "trackside[widget]"')
    reference = bundle[MIME_TYPE]
    assert isinstance(reference, Mapping)
    kind = str(reference["kind"])
    return _widget_class()(static_code(kind), dict(reference), str(bundle["text/plain"]), relay)  # type: ignore[no-any-return]


@cache
def _widget_class() -> type:
    """Return the class; made at the first use, since anywidget costs time to import and may be missing."""
    import anywidget
    import traitlets

    class PanelWidget(anywidget.AnyWidget):  # type: ignore[misc]  # has no types that mypy follows
        """The bundle and what it says in text; all else is asked for by messages."""

        _esm = traitlets.Unicode().tag(sync=True)
        bundle = traitlets.Dict().tag(sync=True)
        text = traitlets.Unicode().tag(sync=True)

        def __init__(self, code: str, reference: Mapping[str, object], text: str, relay: Relay) -> None:
            super().__init__(_esm=code, bundle=reference, text=text)
            _hear_while_busy(self.comm)
            self.on_msg(lambda _widget, content, _buffers: relay.receive(self, content))

        @property
        def view(self) -> Bundle:
            """What stands for it in a bundle."""
            return {_VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}

        def tell(self, content: dict[str, object], buffers: list[bytes]) -> None:
            """Send a message to the views; in the relay's thread."""
            self.send(content, buffers)

    return PanelWidget


def _hear_while_busy(comm: object) -> None:
    """Let messages of a front end that uses subshells be heard while a cell runs.

    ipykernel 7.4 sends them to the shell that spoke on this comm last, which is the busy one. This part of it has no
    public name; where it is not there, nothing need be done.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default
