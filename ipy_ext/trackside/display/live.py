"""What is added to a panel's bundle where the front end has neither our lab extension nor a way to the server."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from trackside.display.frontend import FrontEnd, front_end
from trackside.errors import MissingPackage
from trackside.sdk.job import MIME_TYPE

if TYPE_CHECKING:
    from trackside.client import Client
    from trackside.display.bundle import Bundle
    from trackside.display.relay import Relay
    from trackside.display.widget import Widget

__all__ = ["LivePanels"]

_MOST = 64
"""Panels that live at once; the oldest one stays as its picture and text."""


class LivePanels:
    """The widgets of one kernel; none where JupyterLab or Notebook 7 shows the panels itself."""

    def __init__(self, names: Mapping[str, object], client: Callable[[], Client]) -> None:
        self._names = names
        self._client = client
        self._relay: Relay | None = None
        self._widgets: OrderedDict[str, Widget] = OrderedDict()
        self._told = False

    def shown(self, bundle: Bundle, display_id: str) -> Bundle:
        """Return the bundle with a widget beside it, where the front end needs one; called in a cell."""
        if MIME_TYPE not in bundle or self._front_end() == "lab":
            return bundle
        try:
            self._widgets[display_id] = self._widget(bundle)
        except MissingPackage as error:
            self._tell(f"{error.message} {error.hint}")
            return bundle
        while len(self._widgets) > _MOST:
            self._widgets.popitem(last=False)[1].close()
        return self.updated(bundle, display_id)

    def updated(self, bundle: Bundle, display_id: str) -> Bundle:
        """Return a later bundle of the same panel with the same widget, if it has one."""
        widget = self._widgets.get(display_id)
        return bundle if widget is None else {**widget.view, **bundle}

    def _front_end(self) -> FrontEnd:
        return front_end(os.environ, self._names, sys.modules)

    def _widget(self, bundle: Bundle) -> Widget:
        from trackside.display.relay import Relay
        from trackside.display.widget import panel_widget

        if self._relay is None:
            self._relay = Relay(self._client)
        self._relay.notice_loop()
        return panel_widget(bundle, self._relay)

    def _tell(self, sentence: str) -> None:
        """Say it once; in a cell, so it is printed where the person looks."""
        if not self._told:
            self._told = True
            print(sentence)  # noqa: T201
