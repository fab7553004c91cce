"""The kernels of this Jupyter server: their processes, their notebooks and since when they idle."""

from __future__ import annotations

from typing import Any

from trackside_server.engine.holders import Kernel

__all__ = ["kernels_of"]


async def kernels_of(serverapp: Any) -> list[Kernel]:
    """Return the kernels whose process can be told; one that another machine runs cannot."""
    manager = serverapp.kernel_manager
    paths = {session["kernel"]["id"]: session["path"] for session in await serverapp.session_manager.list_sessions()}
    found = []
    for kernel_id in manager.list_kernel_ids():
        kernel = manager.get_kernel(kernel_id)
        pid = getattr(getattr(kernel, "provisioner", None), "pid", None)
        if pid:
            idle = getattr(kernel, "execution_state", "") != "busy"  # also one that nobody has spoken to yet
            since = getattr(kernel, "last_activity", None) if idle else None
            found.append(Kernel(int(pid), paths.get(kernel_id) or kernel_id[:8], since))
    return found
