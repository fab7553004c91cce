"""Virtual environments of their own for tests, made once and kept below ``.pytest_cache``."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["environment_with"]

_ROOT = Path(__file__).parent.parent


def environment_with(*requirements: str) -> Path:
    """Return the interpreter of an environment that has exactly these requirements (as ``pip install`` takes them)."""
    name = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:12]
    folder = _ROOT / ".pytest_cache" / "environments" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements], check=True
            )
            (folder / "ready").touch()
    return python
