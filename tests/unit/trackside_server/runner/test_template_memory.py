"""What the template must not load, since every runner carries it."""

from __future__ import annotations

import subprocess
import sys


def test_the_template_loads_nothing_heavy() -> None:
    source = "import sys; import trackside_server.runner.template; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {"asyncio", "dataclasses", "inspect", "logging", "msgspec", "psutil", "pynvml", "sqlalchemy", "subprocess"}
    assert loaded & (heavy | {"threading", "tornado", "trackside.models", "trackside.probes.process"}) == set()
