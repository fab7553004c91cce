"""The front-end code of panels, as the build of the lab extension leaves it in ``static/``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from trackside.errors import MissingPackage

__all__ = ["static_code"]


@cache
def static_code(name: str) -> str:
    """Return one module: ``job``, ``track``, ``artifacts``, or the ``parts`` of a job's panel."""
    try:
        return files("trackside.display").joinpath("static", f"{name}.js").read_text("utf-8")
    except FileNotFoundError as error:
        hint = "In a checkout: make setup. Else install Trackside again."
        raise MissingPackage(f"This installation of Trackside lacks {error.filename}.", hint=hint) from error
