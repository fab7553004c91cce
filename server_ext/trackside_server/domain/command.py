"""What a spec becomes for the operating system: arguments, environment, limits."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from trackside.errors import InvalidInput
from trackside.models import JobSpec

__all__ = ["argv_of", "carried_environment", "environment_of"]

_ENTRY = (
    "import json,os,sys;"
    "p=json.load(open(os.environ['TRACKSIDE_RUN_DIR']+'/job.json')).get('sys_path');"
    "p and sys.path.__setitem__(slice(None),p);"
    "from trackside.cells.entry import main;main()"
)
_NOT_CARRIED = re.compile(
    r"JUPYTER.*|JPY_.*|TRACKSIDE_(JOB_ID|RUN_ID|RUN_DIR|ATTEMPT|TOKEN|URL)|CUDA_VISIBLE_DEVICES|"
    r"NOTIFY_SOCKET|LISTEN_(FDS|PID)|_"
)


def argv_of(spec: JobSpec) -> list[str]:
    """Return the arguments that start this job."""
    if spec.command is not None:
        return ["/bin/sh", "-c", spec.command] if isinstance(spec.command, str) else list(spec.command)
    return [spec.python or sys.executable, "-c", _ENTRY]


def carried_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what belongs to its owner alone: Jupyter's variables, tokens, another job's names.

    Matplotlib's backend inside a notebook draws into the notebook, so it stays there too.
    """
    carried = {name: value for name, value in environment.items() if _is_carried(name)}
    if carried.get("MPLBACKEND", "").startswith("module://"):
        del carried["MPLBACKEND"]
    return carried


@functools.lru_cache(4096)
def _is_carried(name: str) -> bool:
    return _NOT_CARRIED.fullmatch(name) is None


def environment_of(
    spec: JobSpec,
    *,
    job_id: str,
    run_dir: Path,
    home: Path,
    attempt: int,
    carried: Mapping[str, str],
    secrets: Mapping[str, str],
    gpus: tuple[str, ...],
) -> dict[str, str]:
    """Return the whole environment of one attempt; a secret wins over ``env``, ``env`` over what was carried."""
    missing = [name for name in spec.secrets if name not in secrets]
    if missing:
        raise InvalidInput(f"The values of the secrets {', '.join(missing)} are gone.", hint="Submit the job again.")
    environment = {"PYTHONUNBUFFERED": "1", **carried_environment(carried), **spec.env, **secrets}
    environment |= {
        "TRACKSIDE_JOB_ID": job_id,
        "TRACKSIDE_RUN_ID": job_id,
        "TRACKSIDE_RUN_DIR": str(run_dir),
        "TRACKSIDE_ATTEMPT": str(attempt),
        "TRACKSIDE_HOME": str(home),
        "CUDA_VISIBLE_DEVICES": ",".join(gpus),
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    return environment
