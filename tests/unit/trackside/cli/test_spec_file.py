"""Jobs described in YAML or JSON."""

import sys

import pytest

from trackside.cli.program import _read
from trackside.cli.submit import submissions
from trackside.errors import InvalidInput
from trackside.models import parse_submission


def jobs(tmp_path, text, *options, name="job.yaml"):
    (tmp_path / name).write_text(text)
    arguments = _read(["submit", *options, str(tmp_path / name)])
    return submissions(arguments, arguments.rest)


def test_a_job_is_what_the_file_says_seen_from_its_folder(tmp_path):
    (tmp_path / "train.py").touch()
    text = (
        "name: base\nscript: train.py\nargs: [--lr, '0.1']\ngpu-memory: 16G\ngpus: a100\nenv: {LR: 0.1, DEBUG: true}\n"
    )
    (job,) = jobs(tmp_path, text)
    spec = parse_submission(job).spec
    assert (spec.script, spec.workdir) == (str(tmp_path / "train.py"), str(tmp_path))
    assert (spec.gpu_memory, str(spec.gpus), spec.env) == (16 << 30, "a100:1", {"LR": "0.1", "DEBUG": "true"})
    assert spec.python == sys.executable
    assert "PATH" in spec.environment


def test_options_come_before_the_file_and_tags_and_variables_join(tmp_path):
    text = '{"command": ["true"], "cpus": 1, "tags": ["a"], "env": {"A": "1", "B": "1"}, "workdir": "sub"}'
    (job,) = jobs(tmp_path, text, "-c", "2", "--tag", "b", "-e", "B=2", name="job.json")
    spec = parse_submission(job).spec
    assert (spec.cpus, spec.tags, spec.env) == (2.0, ["a", "b"], {"A": "1", "B": "2"})
    assert spec.workdir == str(tmp_path / "sub")


def test_a_list_is_several_jobs(tmp_path):
    found = jobs(tmp_path, "- command: [echo, '1']\n- {command: echo 2, name: second}\n", "-t", "5m")
    assert [parse_submission(each).spec.command for each in found] == [["echo", "1"], "echo 2"]
    assert [parse_submission(each).spec.time for each in found] == [300.0, 300.0]


def test_secrets_are_names_whose_values_are_those_of_here(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "s3cret")
    (job,) = jobs(tmp_path, "command: [true]\nsecrets: [HF_TOKEN]\n".replace("[true]", "['true']"))
    assert job["secrets"] == {"HF_TOKEN": "s3cret"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("command: [true", "job.yaml is no YAML: while parsing"),
        ("[]", "job.yaml describes no job."),
        ("just words", "job.yaml: a str is no job."),
        ("- command: ['true']\n- 7", "job.yaml, job 2: a int is no job."),
        (
            "command: ['true']\nmemry: 8G",
            "Did you mean 'memory'",
        ),
        ("command: ['true']\nsecrets: {A: b}", "secrets are names in a list; their values do not belong in a file."),
        ("command: ['true']\nenv: {ON: 1}", "job.yaml: env: True is not a variable's name."),
        ("gpus: 1", "A job needs exactly one of"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path, text, said):
    with pytest.raises(InvalidInput) as caught:
        jobs(tmp_path, text)
    assert said in str(caught.value)


def test_a_file_of_jobs_takes_no_command_beside_it(tmp_path):
    (tmp_path / "job.yaml").write_text("command: ['true']")
    arguments = _read(["submit", str(tmp_path / "job.yaml"), "--", "ls"])
    with pytest.raises(InvalidInput, match="says itself what runs"):
        submissions(arguments, arguments.rest)
    arguments = _read(["submit", "nowhere.yaml"])
    with pytest.raises(InvalidInput, match=r"nowhere\.yaml is not a file"):
        submissions(arguments, arguments.rest)
