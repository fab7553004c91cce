"""A notebook executed in a kernel of a real server, with its outputs as a front end would save them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.kernels import ServerKernel
from tests.serving import LiveServer

__all__ = ["MIME", "execute", "panels"]

MIME = "application/vnd.trackside.run+json"
Notebook = dict[str, Any]
Output = dict[str, Any]


class _Recorder(ServerKernel):
    """Keeps all displays by their ids, also those that come when their cell has long ended."""

    def __init__(self, server: LiveServer) -> None:
        self.shown: dict[str, list[Output]] = {}
        super().__init__(server)

    def heard(self, message: dict[str, Any]) -> None:
        content = message["content"]
        display = content.get("transient", {}).get("display_id")
        if message["msg_type"] == "display_data" and display:
            self.shown.setdefault(display, []).append(content)
        elif message["msg_type"] == "update_display_data":
            for earlier in self.shown.get(display, []):
                earlier["data"].update(content["data"])

    def _take(self, message: dict[str, Any], cell: Any) -> None:
        if message["msg_type"] != "update_display_data":
            super()._take(message, cell)


def execute(server: LiveServer, path: Path, patience: float = 90.0) -> Notebook:
    """Run all cells of a notebook; return it with its outputs once each panel of a run with curves has its picture."""
    notebook: Notebook = json.loads(path.read_text())
    kernel = _Recorder(server)
    try:
        kernel.execute(f"import os; os.chdir({str(server.place.root / 'work')!r})")
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                # The dictionaries of the data are shared with the recorder, which brings them up to date.
                cell["outputs"] = kernel.execute("".join(cell["source"]), timeout=120).outputs
        deadline = time.monotonic() + patience
        while missing := [data[MIME] for data in panels(notebook) if "image/png" not in data]:
            assert time.monotonic() < deadline, f"panels without a picture: {missing}"
            kernel.execute("import time; time.sleep(0.2)")
    finally:
        kernel.close()
    return notebook


def panels(notebook: Notebook) -> Iterator[dict[str, Any]]:
    """The data of each output that is a panel with curves."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if data.get(MIME, {}).get("kind") in ("job", "track"):
                yield data
