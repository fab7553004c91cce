"""What all tests share: folders of their own, and no silent skip."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.serving import LiveServer, Place, stop_templates

_PROJECT = Path(__file__).parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background of a shell, as children would be too
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("any machine", deadline=None)  # a slow moment of a busy machine is no failure
settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skip is a failure, except of tests that need a GPU."""
    report = yield
    if (
        report.skipped
        and os.environ.get("CI")
        and not item.get_closest_marker("gpu")
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _home_again() -> Iterator[None]:
    """Return to the project after a test that, like a runner, went elsewhere."""
    yield
    os.chdir(_PROJECT)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Folders of one test; what its jobs left running is ended."""
    place = Place(tmp_path / "place")
    yield place
    stop_templates(place.home)


@pytest.fixture
def server(place: Place) -> Iterator[LiveServer]:
    """A running Jupyter server with the extension."""
    server = LiveServer(place).start()
    yield server
    server.stop()
