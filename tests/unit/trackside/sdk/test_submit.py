"""``submit`` takes work as people have it, and refuses what nobody can mean."""

import sys
from pathlib import Path

import pytest

import trackside
from trackside.errors import InvalidInput
from trackside.models import GpuRequest, JobSpec
from trackside.sdk.options import OPTIONS, checked


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.touch()
    return path


def test_text_is_for_the_shell_and_a_list_is_arguments(fake_server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trackside.submit("echo a | wc", gpus="a100:2", memory="8G", time="2h", tags=["x"], env={"A": "1"})
    trackside.submit(["echo", 1])
    first, second = fake_server.submitted
    assert first["command"] == "echo a | wc"
    assert (first["gpus"], first["memory"], first["time"], first["tags"]) == ("a100:2", "8G", "2h", ["x"])
    assert first["workdir"] == str(tmp_path)
    assert "PATH" in first["environment"]
    assert second["command"] == ["echo", "1"]


def test_a_path_is_a_script_or_a_notebook(fake_server, script):
    trackside.submit(script, args=["--lr", 0.1])
    trackside.submit(script.rename(script.with_suffix(".ipynb")))
    first, second = fake_server.submitted
    assert (first["script"], first["args"], first["python"]) == (str(script), ["--lr", "0.1"], sys.executable)
    assert second["notebook"] == str(script.with_suffix(".ipynb"))


def test_a_spec_is_submitted_with_what_is_said_beside_it(fake_server):
    trackside.submit(JobSpec(command=["true"], name="a", gpus=GpuRequest(1)), name="b")
    fields = fake_server.submitted[0]
    assert (fields["command"], fields["name"]) == (["true"], "b")
    assert fields["gpus"]["count"] == 1


def test_wait_returns_at_the_end(fake_server, monkeypatch):
    monkeypatch.setattr(fake_server, "_made", _ended_at_once(fake_server))
    assert trackside.submit("true", wait=True).status == "completed"


def _ended_at_once(server):
    made = server._made

    def make(body):
        job = made(body)
        server.end(job.id)
        return server.jobs[job.id]

    return make


@pytest.mark.parametrize(
    ("work", "options", "message"),
    [
        ("true", {"gpu": 1}, "'gpu' is not something a job can ask for. Did you mean 'gpus'"),
        ("true", {"nodes": 3}, "nodes is not built in this version"),
        ("true", {"memory": 8}, "memory=8 has no unit. Write memory='8G'."),
        ("true", {"memory": "8"}, "memory: '8' has no unit"),
        ("true", {"time": "soon"}, "time: 'soon' is not a length of time"),
        ("true", {"name": "41"}, "looks like an id"),
        ("train.py", {}, "'train.py' is a file's name, not a command. Write trackside.submit(Path('train.py'))"),
        ("true", {"args": [1]}, "args are for scripts and functions"),
        ("true", {"kwargs": {"a": 1}}, "kwargs are for functions only"),
        (Path("/no/where.py"), {}, "There is no file '/no/where.py'"),
        (Path("/bin/ls"), {}, "'ls' is neither a .py nor a .ipynb file"),
        (3, {}, "A int is nothing that a job can run"),
        ([], {}, "command is empty"),
        (JobSpec(cell="1", staging="a" * 32), {}, "already submitted with values of its own"),
    ],
)
def test_what_nobody_can_mean_is_refused_and_nothing_is_sent(fake_server, work, options, message):
    with pytest.raises(InvalidInput) as caught:
        trackside.submit(work, **options)
    assert message in str(caught.value)
    assert fake_server.submitted == []


def test_every_option_is_a_field_of_a_submission():
    from trackside.models.fields import FIELDS

    assert set(OPTIONS) <= set(FIELDS)


def test_options_are_made_ready_to_travel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ready = checked({"tags": "one", "workdir": Path("a"), "python": Path("/usr/bin/python3"), "name": None})
    assert ready == {"tags": ["one"], "workdir": str(tmp_path / "a"), "python": "/usr/bin/python3"}
