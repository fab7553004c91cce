"""What the unit tests of the notebook side share: a shell without a history, and a job without a server."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from trackside.errors import JobFailed, NotFound


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


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """An IPython shell of its own; cells run with ``shell.run_cell``."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}, "IPCompleter": {"use_jedi": False}}))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    yield shell
    shell.history_manager.end_session()
