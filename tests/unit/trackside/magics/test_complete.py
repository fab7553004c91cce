"""The tab key knows our options and the names of jobs, runs, metrics and files."""

import pytest

from trackside.errors import ServerUnreachable
from trackside.magics import usages
from trackside.magics.complete import Completer, candidates

KNOWN = {
    "jobs": ["baseline", "job-41", "wide net"],
    "runs": ["baseline", "local-1"],
    "namespace": ["params", "path", "model"],
    "metrics": ["loss", "acc"],
    "tags": ["baseline", "sweep:grid"],
    "gpus": ["a100", "t4"],
}


def complete(usage, text):
    return candidates(usage, text, KNOWN.__getitem__)


@pytest.mark.parametrize(
    ("usage", "text", "offered"),
    [
        (usages.SUBMIT, "--n", ["--name", "--notify"]),
        (usages.SUBMIT, "-g 2 --wo", ["--workdir"]),
        (usages.SUBMIT, "--config pa", ["params", "path"]),
        (usages.SUBMIT, "--config=mo", ["model"]),
        (usages.SUBMIT, "-i params,mo", ["model"]),
        (usages.SUBMIT, "--name ba", []),
        (usages.SUBMIT, "--name x -- --n", []),
        (usages.SUBMIT, "--tag sw", ["sweep:grid"]),
        (usages.JOBS, "--tag ", ["baseline", "sweep:grid"]),
        (usages.SUBMIT, "-g a", ["a100"]),
        (usages.SUBMIT, "--gpus ", ["a100", "t4"]),
        (usages.SUBMIT, "--after wi", ["'wide net'"]),
        (usages.CANCEL, "", ["baseline", "job-41", "'wide net'"]),
        (usages.CANCEL, "job-40 ba", ["baseline"]),
        (usages.LOGS, "-n 5 ba", ["baseline"]),
        (usages.ARTIFACTS, "lo", ["local-1"]),
        (usages.TRACK, "lo", ["loss"]),
        (usages.TRACK, "loss --run lo", ["local-1"]),
        (usages.TRACK, "loss --run local-1 ba", ["baseline"]),
        (usages.TRACK, "--smooth ", []),
        (usages.JOBS, "--status ru", ["running"]),
        (usages.JOBS, "--status running,co", ["completed"]),
    ],
)
def test_what_may_stand_at_the_cursor(usage, text, offered):
    assert complete(usage, text) == offered


def test_scripts_notebooks_and_folders_are_offered_to_submit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "tune.ipynb", "text.txt", ".trash.py"):
        (tmp_path / name).touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "one.py").touch()
    assert complete(usages.SUBMIT_LINE, "t") == ["tests/", "train.py", "tune.ipynb"]
    assert complete(usages.SUBMIT_LINE, "-g 1 tests/o") == ["tests/one.py"]
    assert complete(usages.SUBMIT_LINE, "nowhere/x") == []


class FakeSession:
    """A notebook with some names, and a server that answers or does not."""

    asked = 0

    def __init__(self):
        self.namespace = {"params": {}, "_hidden": 1}

    @property
    def client(self):
        return self

    @property
    def jobs(self):
        return self

    def list(self, limit):
        FakeSession.asked += 1
        raise ServerUnreachable("no server")


@pytest.fixture
def offer(shell):
    completer = Completer(FakeSession())
    shell.Completer.custom_matchers.append(completer.match)

    def offer(text):
        with _provisional():
            return {item.text for item in shell.Completer.completions(text, len(text)) if item._origin == "trackside"}

    yield offer
    shell.Completer.custom_matchers.remove(completer.match)


def _provisional():
    from IPython.core.completer import provisionalcompleter

    return provisionalcompleter()


def test_ipythons_completer_asks_us_about_our_lines(offer):
    assert offer("%%submit --ou") == {"--out"}
    assert offer("%%submit --config par") == {"params"}
    assert offer("x = 1\n%jobs --st") == {"--status"}


def test_ipythons_completer_is_left_alone_elsewhere(offer):
    assert offer("%%time --ou") == set()
    assert offer("%%submit\n%%submit --ou") == set()
    assert offer("params --ou") == set()


def test_completion_is_silent_when_there_is_no_server_and_does_not_ask_at_each_key(offer):
    FakeSession.asked = 0
    assert offer("%cancel ba") == set()
    assert offer("%cancel bas") == set()
    assert FakeSession.asked == 1
