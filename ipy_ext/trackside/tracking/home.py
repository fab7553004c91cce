"""Where Trackside keeps everything: the home, found and made with the standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from trackside.errors import InvalidInput
from trackside.tracking.atomic import write_json

__all__ = ["ensure_home", "home_dir", "jupyter_data_dir", "jupyter_runtime_dir"]

FORMAT = 1
_NO = frozenset({"no", "n", "false", "off", "0", "0.0"})


def home_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return ``$TRACKSIDE_HOME``, else ``trackside/`` in Jupyter's data folder; absolute, not made yet."""
    env = os.environ if environ is None else environ
    named = env.get("TRACKSIDE_HOME")
    if named:
        return Path(named).expanduser().absolute()
    return jupyter_data_dir(env) / "trackside"


def ensure_home(home: Path, *, sync: bool = True) -> str:
    """Make the home (mode 0700) where it is missing and return its id.

    A new id survives a loss of power from now on, or without ``sync`` once somebody has synced it.

    Raises InvalidInput when the folder cannot be made or its ``home.json`` cannot be read.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = home / "home.json"
        if not _is_written(path):
            _write_id(path, sync=sync)
        home_id = json.loads(path.read_bytes())["home_id"]
    except OSError as error:
        raise InvalidInput(
            f"The home {home} cannot be used: {error.strerror or error}.",
            hint="Set TRACKSIDE_HOME to a folder that you may write to.",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{home / 'home.json'} is damaged.", hint="It holds the id of this home.") from error
    return str(home_id)


def _is_written(path: Path) -> bool:
    """Whether there is something in the file; a loss of power may have left nothing but its name."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _write_id(path: Path, *, sync: bool) -> None:
    """Write a new id unless another process was first: a link to a whole file is made once only."""
    aside = path.with_name(f".home.{os.urandom(16).hex()}.json")
    write_json(aside, {"home_id": os.urandom(16).hex(), "format": FORMAT}, sync=sync)
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        if not _is_written(path):
            aside.replace(path)
        # else another process was first; its id counts
    except OSError:
        if not path.exists():  # a file system without hard links
            aside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def jupyter_data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return Jupyter's data folder, by the same rules as ``jupyter_core``."""
    env = os.environ if environ is None else environ
    named = env.get("JUPYTER_DATA_DIR")
    if named:
        return Path(named).absolute()
    if sys.platform == "darwin":
        platform_dirs = env.get("JUPYTER_PLATFORM_DIRS", "no").lower() not in _NO
        return _user_folder(env) / "Library" / ("Application Support/Jupyter" if platform_dirs else "Jupyter")
    shared = env.get("XDG_DATA_HOME")
    return (Path(shared).absolute() if shared else _user_folder(env) / ".local" / "share") / "jupyter"


def _user_folder(env: Mapping[str, str]) -> Path:
    try:
        return Path(env.get("HOME") or "~").expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise InvalidInput("This user has no home folder.", hint="Set TRACKSIDE_HOME.") from error


def jupyter_runtime_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return Jupyter's folder of runtime files, by the same rules as ``jupyter_core``."""
    env = os.environ if environ is None else environ
    named = env.get("JUPYTER_RUNTIME_DIR")
    return Path(named).absolute() if named else jupyter_data_dir(env) / "runtime"
