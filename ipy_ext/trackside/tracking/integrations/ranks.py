"""The number of a process among those that train together, where a library tells it as text only."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

__all__ = ["machine_rank", "tensorflow_rank"]


def tensorflow_rank(told: str) -> int:
    """Return the number of a worker from TensorFlow's variable ``TF_CONFIG``; the chief is 0."""
    try:
        task = json.loads(told or "{}").get("task", {})
        return 0 if task.get("type") == "chief" else int(task.get("index", 0))
    except (ValueError, AttributeError, TypeError):
        return 0


def machine_rank(params: Mapping[str, Any]) -> int:
    """Return the place of this process in LightGBM's list of machines, 0 where there is none."""
    machines = _first(params, "machines", "workers", "nodes")
    port = str(_first(params, "local_listen_port", "local_port", "port") or 12400)
    places = [each.strip().rpartition(":") for each in str(machines or "").split(",") if each.strip()]
    return next((rank for rank, (host, _, at) in enumerate(places) if at == port and _is_here(host)), 0)


def _first(params: Mapping[str, Any], *names: str) -> Any:
    return next((params[name] for name in names if params.get(name)), None)


def _is_here(host: str) -> bool:
    """Whether this machine has that address: only then can a socket be bound to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.bind((host, 0))
        except OSError:
            return False
    return True
