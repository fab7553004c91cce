"""Start, look at or stop the server that runs without JupyterLab.

Jobs do not notice: they go on while a server stops, and the next one takes them up again.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import Conflict, InvalidInput, TryAgain

if TYPE_CHECKING:
    from trackside.client import Address
    from trackside.models import Health

__all__ = ["add_arguments", "run"]

_PATIENCE = 20.0
_POLL = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what server takes."""
    parser.add_argument("what", choices=("start", "status", "stop"), help="what to do with the server of this home")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Do it."""
    if arguments.what != "status" and (terminal.url or os.environ.get("TRACKSIDE_URL")):
        raise InvalidInput(f"server {arguments.what} is for this machine.", hint="Leave out --url and TRACKSIDE_URL.")
    {"start": _start, "status": _status, "stop": _stop}[arguments.what](terminal)


def _start(terminal: Terminal) -> None:
    _tell(terminal, terminal.client.address(), terminal.client.info())


def _status(terminal: Terminal) -> None:
    from trackside.client.discovery import find_server

    if not terminal.url:
        find_server(check=True, start=False)  # raises where there is none, so that looking starts none
    _tell(terminal, terminal.client.address(), terminal.client.info())


def _tell(terminal: Terminal, address: Address, health: Health) -> None:
    kind = "headless server" if address.headless else "server"
    where = f" on {health.scheduler_host}" if health.scheduler_host else ""
    role = "schedules" if health.schedules else f"process {health.scheduler_pid}{where} schedules"
    text = f"{kind} {health.version} at {address.url}, process {health.pid}, for {health.home}; {role}"
    facts = {"url": address.url, "headless": address.headless, "health": health}
    terminal.answer(facts, "\n".join([text, *(f"  {warning}" for warning in health.warnings)]))


def _stop(terminal: Terminal) -> None:
    from trackside.client.discovery import living_servers
    from trackside.tracking.home import home_dir

    home = home_dir()
    running = living_servers(home)
    headless = [address.pid for address in running if address.headless and address.pid]
    if running and not headless:
        raise Conflict(
            f"The server of {home} is JupyterLab's own, at {running[0].url}.", hint="End it there (File, Shut Down)."
        )
    for pid in headless:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while any(address.headless for address in living_servers(home)):
        if time.monotonic() > until:
            raise TryAgain(f"The server of {home} has not ended after {_PATIENCE:g} s.", hint="See its server.log.")
        time.sleep(_POLL)
    what = f"stopped the server of {home}; jobs go on" if headless else f"no headless server runs for {home}"
    terminal.answer({"stopped": headless}, what)
