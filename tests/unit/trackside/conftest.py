"""What the unit tests of the notebook side share: a shell without a history, and a job without a server."""

import httpx
import pytest
from IPython.core.interactiveshell import InteractiveShell
from tests.unit.trackside.fake_server import FakeServer
from traitlets.config import Config

from trackside.client import Client
from trackside.errors import JobFailed, NotFound
from trackside.magics import load_ipython_extension, unload_ipython_extension
from trackside.sdk.connection import forget_client, use_client


class FakeJob:
    """A job whose end is decided by the test."""

    def __init__(self, number=41, values=None):
        self.id = f"job-{number}"
        self.status = "running"
        self.values = values or {}
        self.loads = 0

    @property
    def is_terminal(self):
        return self.status in ("completed", "failed", "cancelled")

    def state(self):
        return "running · 03:12" if self.status == "running" else self.status

    def result(self, name=None):
        self.loads += 1
        if self.status != "completed":
            raise JobFailed("the job failed")
        if name not in self.values:
            raise NotFound(f"{self.id} has no result {name!r}.")
        return self.values[name]


@pytest.fixture
def fake_job():
    return FakeJob


@pytest.fixture(scope="session")
def one_shell(tmp_path_factory):
    """The one shell of all tests: making one takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        config = {"HistoryManager": {"enabled": False}, "IPCompleter": {"use_jedi": False}}
        shell = InteractiveShell(config=Config(config))
    yield shell
    shell.history_manager.end_session()


@pytest.fixture
def shell(one_shell, monkeypatch):
    """An IPython shell with no names but its own; cells run with ``shell.run_cell``."""
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: one_shell)
    before = dict(one_shell.user_ns)
    one_shell.execution_count = 1
    yield one_shell
    one_shell.user_ns.clear()
    one_shell.user_ns.update(before)


@pytest.fixture
def fake_server(tmp_path):
    """A server at the client's transport; everything in this process that names no client speaks to it."""
    server = FakeServer(tmp_path / "home")
    use_client(Client("http://fake/", token="t", transport=httpx.MockTransport(server)))
    yield server
    server.events.put(None)
    forget_client()


@pytest.fixture
def notebook(shell, fake_server, monkeypatch):
    """A shell with our magics in front of the fake server; ``notebook(source)`` runs a cell, raises what it raised."""
    monkeypatch.setattr("trackside.tracking.current._last", None)  # a run that another test tracked is not this one's
    load_ipython_extension(shell)

    def run(source):
        result = shell.run_cell(source)
        result.raise_error()
        return result.result

    run.names = shell.user_ns
    run.shell = shell
    run.server = fake_server
    yield run
    unload_ipython_extension(shell)
