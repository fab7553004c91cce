"""The extension of Jupyter Server: wires everything together; its settings are traitlets."""

from __future__ import annotations

import asyncio
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_server.extension.application import ExtensionApp
from traitlets import Dict, Float, Int, List, Unicode

from trackside.errors import InternalError, TracksideError
from trackside.models import Event, JobChanged
from trackside.models.units import parse_size
from trackside.probes.process import ProcessId, host_name
from trackside.tracking.atomic import write_json
from trackside.tracking.home import home_dir
from trackside_server.domain.again import PAUSE
from trackside_server.domain.notify import Notify
from trackside_server.engine.core import Settings
from trackside_server.engine.engine import Engine
from trackside_server.engine.holders import Kernel
from trackside_server.handlers.bounds import Bounds
from trackside_server.handlers.entrance import Entrance
from trackside_server.handlers.routes import handlers
from trackside_server.kernels import kernels_of

__all__ = ["TracksideApp"]

_SCHEMA = Path(__file__).parent / "events.yaml"
_SCHEMA_ID = "https://events.trackside.dev/job/v1"
_STILL_ACTIVE = 20.0
"""Seconds between signs of activity while there is work; hubs ask every few minutes, cullers allow some at least."""
_OPEN_AGAIN = 5.0
"""Seconds after which a home that could not be opened is tried again."""


class TracksideApp(ExtensionApp):
    """Trackside: cells on the side track."""

    name = "trackside_server"
    description = "Runs notebook cells as jobs that outlive kernel and server."
    load_other_extensions = True

    home = Unicode(
        help="Folder of jobs and runs; default: TRACKSIDE_HOME, else trackside/ in Jupyter's data folder."
    ).tag(config=True)
    cpus = Float(0.0, help="CPUs that jobs may hold together; 0: all CPUs that this server may use.").tag(config=True)
    foreign_gpu_memory = Unicode(
        "256M",
        help="Memory that a program outside Trackside may have on a GPU that jobs still get; one with more shuts them out.",
    ).tag(config=True)
    heartbeat = Float(
        10.0,
        help="Where several hosts share the home: seconds between signs of life of the server that schedules; after "
        "six without one another takes over.",
    ).tag(config=True)
    memory = Unicode("", help="Memory that jobs may ask for together, such as '24G'; empty: all of the machine's.").tag(
        config=True
    )
    tag_limits = Dict(
        value_trait=Int(min=0), key_trait=Unicode(), help="How many jobs with a tag may run at once: {'data': 1}."
    ).tag(config=True)
    retry_pause = Float(
        PAUSE, help="Seconds before a job with --retries is started again; each further pause is twice as long."
    ).tag(config=True)
    prices = Dict(
        value_trait=Float(min=0),
        key_trait=Unicode(),
        help="What an hour costs: {'cpu': 0.04, 'a100': 2.5, 'gpu': 1} ('gpu': of any other type).",
    ).tag(config=True)
    currency = Unicode("", help="What prices are in, such as 'EUR' or '$'.").tag(config=True)
    notify_command = List(
        Unicode(),
        help="Run at the end of each job with --notify: ['mail', '-s', 'done', 'me@lab']; the facts come as JSON on its "
        "input and in variables such as TRACKSIDE_NAME, TRACKSIDE_STATUS and TRACKSIDE_TEXT.",
    ).tag(config=True)
    notify_url = Unicode("", help="A webhook that gets the same facts as JSON.").tag(config=True)
    requests_per_second = Float(
        2000.0, help="Requests of one caller in the long run, for a moment ten times as many; 0: any number."
    ).tag(config=True)
    headless = False

    def initialize_settings(self) -> None:
        """Make what the handlers share."""
        self.secret = secrets.token_urlsafe(32)
        self.entrance = Entrance()
        self.settings["trackside_secret"] = self.secret
        self.settings["trackside_entrance"] = self.entrance
        self.settings["trackside_bounds"] = Bounds(self.requests_per_second)
        self.serverapp.event_logger.register_event_schema(_SCHEMA)

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(handlers(self.name))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Open the home once the event loop runs; why one cannot be opened is told on every request until it can."""
        home = Path(self.home).expanduser() if self.home else home_dir()
        self._staying = asyncio.create_task(self._stay_active(), name="trackside-active")
        if not await self._open(home):
            self._opening = asyncio.create_task(self._open_later(home), name="trackside-open")

    async def _open(self, home: Path) -> bool:
        try:
            self.engine = await Engine.open(
                home,
                version=_version(),
                cpus=self.cpus or None,
                memory=parse_size(self.memory) if self.memory else None,
                settings=Settings(
                    tag_limits=dict(self.tag_limits),
                    retry_pause=self.retry_pause,
                    prices={name.lower(): price for name, price in self.prices.items()},
                    currency=self.currency,
                    notify=Notify(tuple(self.notify_command), self.notify_url),
                ),
                foreign_gpu_memory=parse_size(self.foreign_gpu_memory, field="foreign_gpu_memory"),
                kernels=self._kernels,
                emit=self._emit,
                heartbeat=self.heartbeat,
            )
        except TracksideError as error:
            self.log.error("Trackside: %s", error)
            self.entrance.refuse(error)
            return False
        except Exception as error:
            self.log.exception("Trackside could not open its home %s", home)
            self.entrance.refuse(
                InternalError(
                    f"Trackside could not open its home {home}: {error}.", hint="The server's log has the details."
                )
            )
            return False
        self.entrance.admit(self.engine.core)
        await asyncio.to_thread(self._leave_address)
        return True

    async def _open_later(self, home: Path) -> None:
        """Try again now and then: a disk that was full may have room, a home that was not mounted may be there."""
        while True:
            await asyncio.sleep(_OPEN_AGAIN)
            if await self._open(home):
                return

    async def _stay_active(self) -> None:
        """Move the server's last activity on while it has work: a hub's culler looks at nothing else."""
        while True:
            if self.current_activity():
                self.serverapp.web_app.settings["last_activity_times"]["trackside"] = datetime.now(UTC)
            await asyncio.sleep(_STILL_ACTIVE)

    async def stop_extension(self) -> None:
        """Let go of the home; jobs run on."""
        staying: asyncio.Task[None] | None = getattr(self, "_staying", None)
        if staying is not None:
            staying.cancel()
        opening: asyncio.Task[None] | None = getattr(self, "_opening", None)
        if opening is not None:
            opening.cancel()
        engine = getattr(self, "engine", None)
        if engine is not None:
            for path in self._address_files():
                path.unlink(missing_ok=True)
            await engine.close()

    def current_activity(self) -> dict[str, int] | None:
        """Running and waiting jobs count as activity, so that idle servers with work are not culled."""
        engine = getattr(self, "engine", None)
        if engine is None:
            return None
        unfinished = len(engine.core.board.records())
        return {"jobs": unfinished} if unfinished else None

    async def _kernels(self) -> list[Kernel]:
        """The kernels of this server; a queue must not stand still because they cannot be told."""
        try:
            return await kernels_of(self.serverapp)
        except Exception:  # the boundary to managers that are not ours
            self.log.exception("Trackside: the kernels of this server cannot be told")
            return []

    def _emit(self, event: Event) -> None:
        if isinstance(event, JobChanged):
            self.serverapp.web_app.settings["last_activity_times"]["trackside"] = event.at
            job = event.job
            data = {"id": job.id, "uuid": job.uuid, "name": job.name, "status": job.status, "event": event.id}
            self.serverapp.event_logger.emit(schema_id=_SCHEMA_ID, data=data)

    def _address_files(self) -> list[Path]:
        """In Jupyter's runtime folder for kernels, and in the home for jobs, which do not know where that folder is."""
        folders = Path(self.serverapp.runtime_dir), self.engine.core.home / "run"
        return [folder / f"trackside-{os.getpid()}.json" for folder in folders]

    def _leave_address(self) -> None:
        """Say where this server is and how its own clients sign in, for kernels, jobs and scripts of this user."""
        app, core = self.serverapp, self.engine.core
        url = self._own_url()
        address = {
            "url": url,
            "api": f"{url}trackside/api/v1/",
            "token": self.secret,
            "pid": os.getpid(),
            "start_time": ProcessId.of().start_time,
            "host": host_name(),
            "home": str(core.home),
            "home_id": core.home_id,
            "version": core.version,
            "headless": self.headless,
        }
        if app.certfile:
            address["ca_cert"] = app.client_ca or app.certfile
        for path in self._address_files():
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_json(path, address)
            except OSError as error:  # the browser finds this server all the same
                self.log.warning("Trackside: kernels and jobs may not find this server: %s", error)

    def _own_url(self) -> str:
        """The URL by which processes of this machine reach the server, also when it listens on all addresses."""
        app = self.serverapp
        url = str(app.connection_url)
        if app.sock or app.ip not in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not bound
            return url
        return urlsplit(url)._replace(netloc=f"{'localhost' if app.certfile else '127.0.0.1'}:{app.port}").geturl()


def _version() -> str:
    from importlib.metadata import version

    return version("trackside")
