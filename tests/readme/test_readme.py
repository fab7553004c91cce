"""What README says is so: its blocks run, its make targets, options and files exist."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernels import ServerKernel
from tests.serving import LiveServer, Place, stop_templates

_ROOT = Path(__file__).parents[2]
_README = (_ROOT / "README.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", _README, re.MULTILINE | re.DOTALL)


def test_the_notebook_blocks_run_in_order_in_one_kernel(server: LiveServer) -> None:
    kernel = ServerKernel(server)
    said = "".join(kernel.execute(block).text for block in _blocks("ipython"))
    assert "completed 0" in said, said
    kernel.close()


@pytest.fixture
def headless(place: Place) -> Iterator[Place]:
    """A place without a Jupyter server; the headless one that a client starts is stopped."""
    place.root.mkdir(parents=True)
    yield place
    subprocess.run([sys.executable, "-m", "trackside.cli", "server", "stop"], env=place.environment(), check=False)
    stop_templates(place.home)


def test_the_scripts_run_without_a_jupyter_server(headless: Place) -> None:
    said = ""
    for block in _blocks("python"):
        run = subprocess.run(
            [sys.executable, "-c", block],
            env=headless.environment(),
            cwd=headless.root,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert run.returncode == 0, run.stderr
        said += run.stdout
    assert "completed from a job" in said


def test_the_commands_run(headless: Place) -> None:
    (block,) = _blocks("bash")
    environment = headless.environment(PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    for line in block.splitlines():
        run = subprocess.run(
            ["sh", "-c", line], env=environment, cwd=headless.root, capture_output=True, text=True, timeout=90
        )
        assert run.returncode == 0, f"{line}: {run.stdout}{run.stderr}"


def test_the_make_targets_and_files_exist() -> None:
    makefile = (_ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", "".join(_blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\]\(([\w./]+)\)", _README):
        assert (_ROOT / path).exists(), path


def test_every_magic_option_is_mentioned() -> None:
    from trackside.magics.usages import SUBMIT

    for option in SUBMIT.options:
        for flag in option.flags:
            assert flag in _README, flag
