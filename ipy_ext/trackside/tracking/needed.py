"""Optional packages: loaded when they are needed, and named when they are missing."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from trackside.errors import MissingPackage

__all__ = ["need"]


def need(module: str, package: str, what: str) -> Any:
    """Import a module of an optional package; ``what`` is what it is needed for, as the subject of a sentence.

    Raises MissingPackage with the ``pip install`` to type when the package is missing, or is one that lacks the module.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if not _is_there(module.partition(".")[0]):
            raise MissingPackage(
                f"{what} needs the package {package!r}, which is missing here.",
                hint=f"pip install {package}",
            ) from error
        raise MissingPackage(
            f"{what} needs another version of the package {package!r} than is installed here: {error}.",
            hint=f"pip install --upgrade {package}",
        ) from error


def _is_there(top: str) -> bool:
    """A folder of this name, such as the ``wandb/`` that wandb makes where it is used, is a module too, but no package."""
    spec = importlib.util.find_spec(top)
    return spec is not None and spec.origin is not None
