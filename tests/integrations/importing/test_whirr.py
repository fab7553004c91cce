"""Runs that the package whirr itself wrote can be read where they are, and brought here too."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.environments import environment_with
from tests.integrations.importing.conftest import Trackers

pytestmark = pytest.mark.timeout(900)  # the first test installs the package

WRITE = """
import os, subprocess, sys
from pathlib import Path
subprocess.run([Path(sys.executable).parent / "whirr", "init"], check=True, capture_output=True)
import whirr
run = whirr.init("base", config={"lr": 0.1}, tags=["a"], capture_pip=False)
for step in range(5):
    run.log({"loss": 1 / (step + 1)}, step=step)
run.summary({"best": 0.2})
Path("model.txt").write_text("weights")
run.save_artifact("model.txt")
run.finish()
whirr.init("going", capture_pip=False).log({"loss": 1}, step=0)
os._exit(0)
"""


@pytest.fixture(scope="session")
def whirr() -> Path:
    return environment_with("whirr==0.5.3", "msgspec", "orjson")


def test_all_that_was_logged_is_in_the_runs(trackers: Trackers, whirr: Path) -> None:
    trackers.write(whirr, WRITE)
    brought = trackers.bring(whirr, "whirr", ".")
    runs = {run.meta["name"]: run for run in brought}
    base, going = runs["base"], runs["going"]
    assert (base.meta["status"], base.meta["tags"], base.meta["summary"]) == ("completed", ["a"], {"best": 0.2})
    assert (base.curve("loss")[4], base.config) == (0.2, {"lr": 0.1})
    assert (base.folder.artifacts / "model.txt").read_text() == "weights"
    assert (going.meta["status"], going.meta["reason"]["code"], len(going.records)) == ("failed", "lost", 1)
    assert [run.told["existing"] for run in trackers.bring(whirr, "whirr", ".whirr/runs")] == [True, True]
