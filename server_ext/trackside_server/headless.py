"""The server of a home that no Jupyter server serves: on loopback, started by the first client, ends by itself."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from traitlets import Float

from trackside.probes.process import ProcessId
from trackside_server.app import TracksideApp
from trackside_server.engine.engine import Engine

__all__ = ["HeadlessApp", "main"]

_LOOK = 5.0


class HeadlessApp(TracksideApp):
    """Serves one home without a browser, until it is not needed any more or a Jupyter server takes over."""

    name = "trackside_server"
    load_other_extensions = False
    headless = True

    linger = Float(1800.0, help="Seconds that it stays after the last request and the last unfinished job.").tag(
        config=True
    )

    @classmethod
    def get_extension_package(cls) -> str:
        """Name this module, so that Jupyter makes this app and not the one of the package."""
        return __name__

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        await super()._start_jupyter_server_extension(serverapp)
        self._watch = asyncio.create_task(self._end_in_time(), name="trackside-headless")

    async def _end_in_time(self) -> None:
        """Look now and then whether anybody still needs this server."""
        look = min(_LOOK, max(self.linger / 4, 0.1))
        needed_at = time.monotonic()
        while True:
            await asyncio.sleep(look)
            engine = getattr(self, "engine", None)
            if engine is None or await asyncio.to_thread(self._is_spare, engine):
                break
            if self.current_activity() or engine.core.hub.has_listeners:
                needed_at = time.monotonic()
            if min(time.monotonic() - needed_at, self.entrance.seconds_quiet()) > self.linger:
                break
        os.kill(os.getpid(), signal.SIGTERM)

    def _is_spare(self, engine: Engine) -> bool:
        """Whether a Jupyter server serves the home by now, or another headless one did so before this one."""
        if not engine.others_serve():
            return False
        own = ProcessId.of()
        for path in (engine.core.home / "run").glob("trackside-*.json"):
            try:
                other = json.loads(path.read_bytes())
                process = ProcessId(other["pid"], other["start_time"], own.boot_id, own.host)
                first = not other["headless"] or (process.start_time, process.pid) < (own.start_time, own.pid)
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if first and process.pid != own.pid and process.is_alive():
                return True
        return False


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": HeadlessApp}]


def main(argv: list[str] | None = None) -> None:
    """Serve a home until nobody needs it."""
    parser = argparse.ArgumentParser(prog="python -m trackside_server", description=HeadlessApp.__doc__)
    parser.add_argument("--home", required=True, help="folder of jobs and runs")
    parser.add_argument("--linger", type=float, default=1800.0, help="seconds to stay when nothing is left to do")
    options = parser.parse_args(argv)
    home = Path(options.home).expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"the home {home} cannot be made: {error.strerror or error}")
    with contextlib.suppress(KeyboardInterrupt):
        HeadlessApp.launch_instance(
            [
                f"--TracksideApp.home={home}",
                f"--HeadlessApp.linger={options.linger}",
                "--ServerApp.ip=127.0.0.1",
                "--ServerApp.port=0",
                "--ServerApp.open_browser=False",
                "--ServerApp.allow_root=True",
                "--ServerApp.terminals_enabled=False",
                f"--ServerApp.root_dir={home}",
            ]
        )
