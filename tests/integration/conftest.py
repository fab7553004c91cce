"""One server for all integration tests that do it no harm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import LiveServer, Place, stop_templates


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A running server that many tests share: they may submit, cancel and delete their own jobs, and nothing else."""
    server = LiveServer(Place(tmp_path_factory.mktemp("live"))).start()
    yield server
    server.stop()
    stop_templates(server.place.home)
