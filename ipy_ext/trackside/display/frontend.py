"""Which way a panel goes to be live: by our lab extension, or as a widget through the kernel. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from trackside.errors import InvalidInput

__all__ = ["FrontEnd", "front_end"]

FrontEnd = Literal["lab", "widget"]
_CODE = ("VSCODE_PID", "VSCODE_CWD", "VSCODE_IPC_HOOK", "VSCODE_NLS_CONFIG")
_CODE_NAME = "__vsc_ipynb_file__"


def front_end(environ: Mapping[str, str], names: Collection[str], modules: Collection[str]) -> FrontEnd:
    """Return ``"widget"`` only where the front end is known to be another than JupyterLab or Notebook 7.

    ``names`` are those of the notebook, ``modules`` those that are loaded. VS Code tells the kernel the notebook's file
    by a name of its own, and leaves its variables in kernels that it starts itself; a Jupyter server that was started in
    its terminal has some of them too, but its kernels have the server's. ``TRACKSIDE_FRONTEND`` decides otherwise.
    """
    said = environ.get("TRACKSIDE_FRONTEND", "")
    if said:
        if said not in ("lab", "widget"):
            raise InvalidInput(f"TRACKSIDE_FRONTEND is {said!r}.", hint='Set it to "lab" or "widget".')
        return "lab" if said == "lab" else "widget"
    if _CODE_NAME in names or "google.colab" in modules:
        return "widget"
    by_code = any(name in environ for name in _CODE) and "JPY_SESSION_NAME" not in environ
    return "widget" if by_code else "lab"
