"""Trackside in the training loops of others: each name loads its library when it is first used, and none before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.errors import MissingPackage

if TYPE_CHECKING:
    from trackside.tracking.integrations.huggingface import HuggingFaceCallback
    from trackside.tracking.integrations.keras import KerasCallback
    from trackside.tracking.integrations.lightgbm import LightGBMCallback
    from trackside.tracking.integrations.lightning import LightningLogger
    from trackside.tracking.integrations.logs import LogHandler
    from trackside.tracking.integrations.summary_writer import SummaryWriter
    from trackside.tracking.integrations.xgboost import XGBoostCallback

__all__ = [
    "HuggingFaceCallback", "KerasCallback", "LightGBMCallback", "LightningLogger", "LogHandler", "SummaryWriter",
    "XGBoostCallback",
]  # fmt: skip

_HOMES = {
    "HuggingFaceCallback": ("huggingface", ["transformers"]),
    "KerasCallback": ("keras", ["keras"]),
    "LightGBMCallback": ("lightgbm", ["lightgbm"]),
    "LightningLogger": ("lightning", ["lightning", "pytorch_lightning"]),
    "LogHandler": ("logs", []),
    "SummaryWriter": ("summary_writer", []),
    "XGBoostCallback": ("xgboost", ["xgboost"]),
}
"""Of each name its module, and the packages of which it needs one."""


def __getattr__(name: str) -> object:
    """Load a name when it is first used. Raises MissingPackage (an ImportError) where its library is not installed."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module
    from importlib.util import find_spec

    module, packages = _HOMES[name]
    if packages and not any(map(find_spec, packages)):
        raise MissingPackage(
            f"{name} needs {packages[0]}, which is not installed here.",
            hint=f"Install it with `pip install {packages[0]}`.",
        )
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])
