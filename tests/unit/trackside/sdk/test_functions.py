"""Functions become jobs with their arguments, all or none of them."""

import pickle
import threading

import pytest

import trackside
from trackside.cells.inputs import load_carried
from trackside.errors import InvalidInput, NotCarried
from trackside.sdk.functions import call_in_file


def train(lr, epochs=1):
    return lr * epochs


def carried(server, number=1):
    """Return what the job would call: function, args, kwargs."""
    folder = server.home / "runs" / f"job-{number}" / "inputs"
    _, call = load_carried(folder, {})
    return call["function"], call["args"], call["kwargs"]


def test_a_function_travels_with_its_arguments(fake_server):
    job = trackside.submit(train, args=[0.1], kwargs={"epochs": 3}, gpus=1)
    function, args, kwargs = carried(fake_server)
    assert function(*args, **kwargs) == pytest.approx(0.3)
    assert job.name == "train"
    fields = fake_server.submitted[0]
    assert fields["function"].endswith("train")
    assert fields["gpus"] == 1


def test_a_marked_function_runs_here_when_called_and_as_a_job_when_submitted(fake_server):
    marked = trackside.on(gpus=1, name="tuned")(train)
    assert marked(0.1, epochs=2) == 0.2
    assert marked.__name__ == "train"
    job = marked.submit(0.1, epochs=2)
    assert (job.name, fake_server.submitted[0]["gpus"]) == ("tuned", 1)
    assert carried(fake_server)[1:] == ((0.1,), {"epochs": 2})
    other = marked.options_with(gpus=2)
    assert other.options == {"gpus": 2, "name": "tuned"}
    assert "gpus=2" in repr(other)


def test_a_marked_function_given_to_submit_keeps_its_options(fake_server):
    trackside.submit(trackside.on(gpus=1, cpus=2)(train), args=[1], cpus=4)
    fields = fake_server.submitted[0]
    assert (fields["gpus"], fields["cpus"]) == (1, 4)


def test_map_makes_one_job_per_item_in_one_request(fake_server):
    jobs = trackside.map(train, [0.1, 0.2], [1, 2], gpus=1, name="sweep")
    assert [job.name for job in jobs] == ["sweep-0", "sweep-1"]
    assert [carried(fake_server, number)[1] for number in (1, 2)] == [(0.1, 1), (0.2, 2)]
    assert len([path for method, path, _ in fake_server.requests if method == "POST"]) == 1
    assert trackside.on()(train).map([]) == []


def test_nothing_stays_behind_when_one_item_cannot_travel(fake_server):
    with pytest.raises(NotCarried):
        trackside.map(train, [1, threading.Lock()])
    assert fake_server.submitted == []
    assert list((fake_server.home / "staging").iterdir()) == []


def test_nothing_stays_behind_when_the_server_refuses(fake_server):
    fake_server.refuse = (400, "invalid_input", "no", "")
    with pytest.raises(InvalidInput):
        trackside.map(train, [1, 2])
    assert list((fake_server.home / "staging").iterdir()) == []


def test_a_wrong_option_is_refused_where_it_is_written():
    with pytest.raises(InvalidInput, match="Did you mean 'gpus'"):
        trackside.on(gpu=1)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "steps.py"
    path.write_text("import pathlib\nBASE = 2\ndef scale(x, by=1):\n    return BASE * x * by, __file__\n")
    return path


def test_a_function_of_a_file_is_called_as_the_file_was_at_submission(fake_server, file):
    job = trackside.invoke(file, "scale", args=[3], kwargs={"by": 2}, gpus=1)
    file.write_text("def scale(x, by): return 'changed'")
    function, args, kwargs = carried(fake_server)
    assert function is call_in_file
    assert function(*args, **kwargs) == (12, str(file))
    assert job.name == "scale"
    assert fake_server.submitted[0]["function"] == "steps.py:scale"


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("steps.py", "scaled", "steps.py has no 'scaled'. Did you mean 'scale'?"),
        ("stpes.py", "scale", "Did you mean 'steps.py'?"),
        ("broken.py", "f", "broken.py cannot be parsed, line 1"),
        ("empty.py", "f", "It defines no function."),
    ],
)
def test_a_file_or_function_that_is_not_there_is_refused(fake_server, file, name, function, message):
    (file.parent / "broken.py").write_text("def f(:\n")
    (file.parent / "empty.py").write_text("")
    with pytest.raises(InvalidInput) as caught:
        trackside.invoke(file.parent / name, function)
    assert message in str(caught.value)
    assert fake_server.submitted == []


def test_the_secrets_of_a_function_are_neither_shown_nor_carried():
    keyed = trackside.on(gpus=1, secrets={"KEY": "hush-hush"})(train)
    assert "gpus=1" in repr(keyed)
    assert "['KEY']" in repr(keyed)
    assert "hush" not in repr(keyed)
    data = pickle.dumps(keyed)
    assert b"hush" not in data
    assert pickle.loads(data).options == {"gpus": 1}


def test_a_secret_of_the_environment_travels_as_a_secret_alone(fake_server, monkeypatch):
    monkeypatch.setenv("KEY", "hush-hush")
    trackside.submit(["true"], secrets={"KEY": "hush-hush"})
    fields = fake_server.submitted[0]
    assert fields["secrets"] == {"KEY": "hush-hush"}
    assert "KEY" not in fields["environment"]
    assert "PATH" in fields["environment"]
