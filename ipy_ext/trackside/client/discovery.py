"""Which server a kernel, a script, a job or a terminal speaks to when nobody says.

In this order: ``TRACKSIDE_URL`` (a server on another machine); the Jupyter server that this process descends from;
any living server of the same home; JupyterHub's variables; a headless server, started for this home.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from trackside.client.address import Address, split_url
from trackside.client.lineage import ancestors
from trackside.client.server_file import ServerFile, folders_of, read, read_all
from trackside.errors import ServerUnreachable
from trackside.tracking.home import home_dir

__all__ = ["find_server", "given_server", "living_servers"]

_log = logging.getLogger(__name__)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104  # read, never bound to


def given_server(url: str, token: str | None = None, environ: Mapping[str, str] | None = None) -> Address:
    """Return the address that the caller names.

    Without a token, the one in the URL counts, then that of ``TRACKSIDE_TOKEN`` (unless it is meant for another
    server), then that of a server of this user at exactly this URL.
    """
    env = os.environ if environ is None else environ
    base, in_url = split_url(url)
    return Address(url=base, token=token or in_url or _token_for(base, env))


def _token_for(base: str, env: Mapping[str, str]) -> str | None:
    meant = env.get("TRACKSIDE_URL")
    if env.get("TRACKSIDE_TOKEN") and (not meant or split_url(meant)[0] == base):
        return env["TRACKSIDE_TOKEN"]
    own = (file.address.token for file in read_all(folders_of(home_dir(env), env)) if file.address.url == base)
    return next(own, None)


def find_server(
    environ: Mapping[str, str] | None = None,
    *,
    start: bool = True,
    check: bool = False,
    answers: Callable[[Address], bool] | None = None,
) -> Address:
    """Return the server for this process, starting a headless one when there is none and ``start`` says so.

    The server that this process descends from is taken at its word; ``check`` asks it too (after it failed to
    answer). ``answers`` tells whether an address is answered by the server that it belongs to.
    Raises ServerUnreachable when there is none.
    """
    env = os.environ if environ is None else environ
    named = env.get("TRACKSIDE_URL")
    if named:
        url, token = split_url(named)
        return Address(url=url, token=token or env.get("TRACKSIDE_TOKEN") or None, source="environment")
    asked = answers or _answers
    home = home_dir(env)
    for file in _of_ancestors(home, env):
        if not check or asked(file.address):
            return file.address
    for address in (*living_servers(home, env), *_of_hub(env)):
        if asked(address):
            return address
    if not start:
        raise ServerUnreachable(
            f"No Trackside server runs for {home}.", hint="`trackside server start` starts one.", code="no_server"
        )
    from trackside.client.headless import start_server

    return start_server(home, env, answers=asked)


def living_servers(home: Path, environ: Mapping[str, str] | None = None) -> list[Address]:
    """Return the servers of this home whose process lives, Jupyter's before headless ones; they were not asked."""
    env = os.environ if environ is None else environ
    return [file.address for file in read_all(folders_of(home, env)) if file.serves(home)]


def _of_ancestors(home: Path, env: Mapping[str, str]) -> Iterator[ServerFile]:
    """Yield the file of the server that started this kernel; a wrapper may stand between.

    Who names another home with ``TRACKSIDE_HOME`` wants that home, not the kernel's server.
    """
    own = env.get("TRACKSIDE_HOME")
    named = env.get("JPY_PARENT_PID", "")
    lines = [ancestors(int(named))] if named.isdigit() else []
    for pid in dict.fromkeys(itertools.chain(*lines, ancestors(os.getppid()))):
        file = read(folders_of(home, env), pid)
        if file is not None and file.is_alive and (not own or file.serves(Path(own).expanduser())):
            yield file


def _of_hub(env: Mapping[str, str]) -> Iterator[Address]:
    """Yield the single-user server that JupyterHub's variables name, reached from inside its machine."""
    prefix, token = env.get("JUPYTERHUB_SERVICE_PREFIX"), env.get("JUPYTERHUB_API_TOKEN")
    bound = env.get("JUPYTERHUB_SERVICE_URL")
    if not prefix or not token or not bound:
        return
    parts = urlsplit(bound)
    host = _ANYWHERE.get(parts.hostname or "", parts.hostname or "")
    netloc = f"{host}:{parts.port}" if parts.port else host
    path = f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"
    yield Address(url=urlunsplit((parts.scheme or "http", netloc, path, "", "")), token=token, source="hub")


def _answers(address: Address) -> bool:
    """Ask the address for its health: whether it is the server that the file speaks of, not one that took its port."""
    from trackside.client.health import ask_health

    health = ask_health(address)
    if health is None:
        _log.debug("%s does not answer", address.url)
        return False
    return (address.home_id or health.home_id, address.pid or health.pid) == (health.home_id, health.pid)
