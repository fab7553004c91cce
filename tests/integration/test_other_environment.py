"""A kernel of another environment than the server's submits, and its cell runs in the kernel's environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.environments import environment_with
from tests.kernels import ServerKernel
from tests.serving import LiveServer, Place

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def other_python() -> Path:
    """An environment with an older kernel, the notebook side's dependencies, and nothing of Jupyter Server."""
    return environment_with(
        "ipykernel==6.30.1", "cloudpickle>=3", "httpx>=0.27", "msgspec>=0.19", "nvidia-ml-py>=12", "psutil>=5.9"
    )


def test_a_cell_of_another_environment_runs_there_and_its_values_come_back(place: Place, other_python: Path) -> None:
    (site,) = (other_python.parent.parent / "lib").glob("python3*/site-packages")
    (site / "trackside.pth").write_text(f"{_ROOT / 'ipy_ext'}\n")
    spec = place.root / "data" / "kernels" / "other"
    spec.mkdir(parents=True)
    argv = [str(other_python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Other", "language": "python"}))
    lacks = subprocess.run([other_python, "-c", "import jupyter_server"], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in lacks.stderr

    server = LiveServer(place).start()
    kernel = ServerKernel(server, "other")
    kernel.execute("%load_ext trackside\nimport trackside\nfactor = 7")
    kernel.execute("%%submit --name elsewhere --out answer,where\nimport sys\nanswer = factor * 6\nwhere = sys.prefix")
    assert kernel.execute("print(_job.wait(60).status)").stdout == "completed\n"
    said = kernel.execute("print(_job.result('answer'), _job.result('where'))").stdout.split()
    assert said == ["42", str(other_python.parent.parent)]
    kernel.close()
    server.stop()
