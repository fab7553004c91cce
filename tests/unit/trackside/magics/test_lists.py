"""The lists show what the server has, in words."""

import pytest
from tests.unit.trackside.fake_server import NOW

from trackside.errors import InvalidInput, NotFound
from trackside.models import Artifact


@pytest.fixture
def said(capsys):
    return lambda: capsys.readouterr().out


def test_jobs_are_listed_newest_first_and_filtered(notebook, said):
    notebook("%submit -n one --quiet -- true")
    notebook("%submit -n two --quiet -- true")
    notebook.server.end("job-1")
    notebook("%jobs")
    shown = said()
    assert shown.index("two") < shown.index("one")
    notebook("%jobs --status completed")
    assert "two" not in said()


def test_an_empty_list_says_what_to_do(notebook, said):
    notebook("%jobs")
    assert "%%submit" in said()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%jobs --status done", "'done' is not a status"),
        ("%jobs --status runing", "Did you mean 'running'"),
        ("%jobs x", "%jobs takes options only"),
        ("%jobs -n 0", "is not a whole number above 0"),
        ("%runs tag:x --tag y", "--tag is not an option of %runs"),
        ("%runs x -n 0", "is not a whole number above 0"),
        ("%compare one", "%compare needs at least two runs"),
        ("%gpus x", "%gpus takes options only"),
        ("%artifacts a b", "%artifacts takes one run"),
    ],
)
def test_what_cannot_be_listed_is_refused(notebook, line, message):
    with pytest.raises(InvalidInput) as caught:
        notebook(line)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "query", "limit"),
    [
        ("big net tag:resnet status:completed,failed -n 5", "big net tag:resnet status:completed,failed", 5),
        ("-n5 -tag:x config.model='res net' loss < 0.3", "-tag:x config.model='res net' loss < 0.3", 5),
        ("-name:x* -number --number=7", "-name:x* -number", 7),
        ("", None, 20),
    ],
)
def test_a_query_goes_to_the_server_as_it_stands(notebook, monkeypatch, line, query, limit):
    asked = {}
    monkeypatch.setattr(
        "trackside.client._sync.runs.Runs.list",
        lambda self, query=None, **filters: asked.update(filters, query=query) or _Empty(),
    )
    notebook(f"%runs {line}")
    assert asked == {"query": query, "limit": limit}


class _Empty:
    runs = ()


def test_gpus_say_why_there_are_none(notebook, said):
    notebook("%gpus")
    assert "No NVIDIA driver answers here." in said()


def test_artifacts_are_those_of_the_last_job_unless_named(notebook, said):
    notebook("%submit -n one --quiet -- true")
    notebook.server.artifacts["job-1"] = [Artifact("model.pt", "model.pt", 2048, NOW)]
    notebook("%artifacts")
    assert "one · job-1: 1 artifact, 2.0 KB" in said()
    notebook("%artifacts one")
    assert "model.pt" in said()
    with pytest.raises(NotFound, match="no run 'two'"):
        notebook("%artifacts two")


def test_without_any_run_artifacts_say_so(notebook):
    with pytest.raises(NotFound, match="There are no runs yet"):
        notebook("%artifacts")
