"""What a spec becomes for the operating system."""

import sys
from pathlib import Path

import pytest

from trackside.errors import InvalidInput
from trackside.models import JobSpec
from trackside_server.domain.command import argv_of, carried_environment, environment_of


def environment(spec=None, *, carried=None, secrets=None, gpus=()):
    return environment_of(
        spec or JobSpec(command="true"), job_id="job-7", run_dir=Path("/h/runs/job-7"), home=Path("/h"), attempt=2,
        carried=carried or {}, secrets=secrets or {}, gpus=gpus,
    )  # fmt: skip


def test_a_command_is_run_as_it_is_and_a_text_by_the_shell():
    assert argv_of(JobSpec(command=["ls", "-l"])) == ["ls", "-l"]
    assert argv_of(JobSpec(command="ls | wc")) == ["/bin/sh", "-c", "ls | wc"]


@pytest.mark.parametrize(
    "spec", [JobSpec(cell="1"), JobSpec(script="/a.py"), JobSpec(notebook="/a.ipynb"), JobSpec(function="f")]
)
def test_everything_else_is_run_by_its_own_interpreter(spec):
    assert argv_of(spec)[:2] == [sys.executable, "-c"]
    assert "trackside.cells.entry" in argv_of(spec)[2]


def test_the_submitters_interpreter_runs_the_submitters_code():
    assert argv_of(JobSpec(cell="1", python="/venv/bin/python"))[0] == "/venv/bin/python"


def test_a_job_knows_its_names_and_gets_its_gpus():
    found = environment(gpus=("GPU-a", "GPU-b"))
    assert found["TRACKSIDE_JOB_ID"] == found["TRACKSIDE_RUN_ID"] == "job-7"
    assert (found["TRACKSIDE_RUN_DIR"], found["TRACKSIDE_HOME"], found["TRACKSIDE_ATTEMPT"]) == (
        "/h/runs/job-7",
        "/h",
        "2",
    )
    assert found["CUDA_VISIBLE_DEVICES"] == "GPU-a,GPU-b"
    assert environment()["CUDA_VISIBLE_DEVICES"] == ""


def test_output_is_unbuffered_unless_the_submitter_chose():
    assert environment()["PYTHONUNBUFFERED"] == "1"
    assert environment(carried={"PYTHONUNBUFFERED": "0"})["PYTHONUNBUFFERED"] == "0"


def test_a_secret_wins_over_env_and_env_over_what_was_carried():
    spec = JobSpec(command="true", env={"A": "env", "B": "env"}, secrets=["A"])
    found = environment(spec, carried={"A": "carried", "B": "carried", "C": "carried"}, secrets={"A": "secret"})
    assert (found["A"], found["B"], found["C"]) == ("secret", "env", "carried")


def test_a_secret_whose_value_is_gone_stops_the_start():
    with pytest.raises(InvalidInput, match="KEY are gone"):
        environment(JobSpec(command="true", secrets=["KEY"]))


@pytest.mark.parametrize(
    "name",
    [
        "JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JUPYTER_SERVER_URL", "JPY_PARENT_PID", "JPY_SESSION_NAME", "TRACKSIDE_TOKEN",
        "TRACKSIDE_JOB_ID", "TRACKSIDE_RUN_DIR", "CUDA_VISIBLE_DEVICES", "NOTIFY_SOCKET", "_",
    ],
)  # fmt: skip
def test_what_belongs_to_its_owner_alone_is_not_carried(name):
    assert carried_environment({name: "x", "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    "name", ["TRACKSIDE_LOG", "TRACKSIDE_HOME", "CUDA_HOME", "MY_JUPYTER", "_X", "LD_LIBRARY_PATH"]
)
def test_what_is_the_users_own_is_carried(name):
    assert carried_environment({name: "x"}) == {name: "x"}
