"""What runs beside Jupyter Server: the queue, the runs, the live streams."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from trackside_server.app import TracksideApp

    return [{"module": "trackside_server", "app": TracksideApp}]
