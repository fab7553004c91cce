"""What a submission says, field by field; every refusal of the server is proved against a running one."""

from pathlib import Path

import msgspec
import pytest

from trackside.errors import InvalidInput
from trackside.models import GpuRequest, JobSpec, parse_submission
from trackside.models.fields import FIELDS


def spec_of(**fields):
    return parse_submission({"command": "true", **fields}).spec


def test_the_least_submission_is_what_is_to_run():
    assert parse_submission({"command": ["ls", "-l"]}).spec == JobSpec(command=["ls", "-l"])


@pytest.mark.parametrize(
    "fields", [{"command": "ls"}, {"cell": "x = 1"}, {"script": "/a.py", "args": ["1"]}, {"notebook": "/a.ipynb"}, {"function": "f", "staging": "0" * 32}]
)  # fmt: skip
def test_each_kind_of_work_is_told_apart(fields):
    assert parse_submission(fields).spec.kind == next(iter(fields))


def test_everything_is_normalised():
    spec = spec_of(
        gpus="2xA100", memory="8G", time="2h30m", grace="1m", cpus="1.5", priority="3", workdir="~/x", gpu_memory="40G"
    )
    assert spec.gpus == GpuRequest(2, "a100")
    assert (spec.memory, spec.time, spec.grace, spec.cpus, spec.priority) == (8 << 30, 9000.0, 60.0, 1.5, 3)
    assert spec.workdir == str(Path.home() / "x")


def test_none_stands_for_what_was_not_said():
    assert parse_submission({"command": "true", **dict.fromkeys(FIELDS.keys() - {"command"})}).spec == spec_of()


def test_no_grace_at_all_can_be_asked_for():
    assert spec_of(grace=0).grace == 0
    assert spec_of(grace="0").grace == 0


def test_of_secrets_and_environment_the_spec_has_the_names_alone():
    submission = parse_submission(
        {"command": "true", "secrets": {"B": "hush", "A": "hush"}, "environment": {"Z": "1", "Y": "2"}}
    )
    assert (submission.spec.secrets, submission.spec.environment) == (["A", "B"], ["Y", "Z"])
    assert (submission.secrets, submission.environment) == ({"B": "hush", "A": "hush"}, {"Z": "1", "Y": "2"})
    assert "hush" not in repr(submission)
    assert b"hush" not in msgspec.json.encode(submission.spec)


def test_an_environment_that_was_not_sent_is_not_an_empty_one():
    assert parse_submission({"command": "true"}).environment is None
    assert parse_submission({"command": "true", "environment": {}}).environment == {}


def test_a_carried_variable_may_have_any_name_that_an_environment_can_hold():
    carried = {"BASH_FUNC_x%%": "() { :; }", "A=B": "no", "NUL": "a\0b", "": "x"}
    assert set(parse_submission({"command": "true", "environment": carried}).environment) == {"BASH_FUNC_x%%", ""}


def test_outputs_are_each_named_once_in_their_order():
    assert parse_submission({"cell": "1", "outputs": ["b", "a", "b"]}).spec.outputs == ["b", "a"]


@pytest.mark.parametrize("name", ["baseline", "a", "1st", "lr=0.1, seed 3", "x" * 128, "v1.2_b+c@d:e-f"])
def test_a_name_is_what_people_call_things(name):
    assert spec_of(name=name).name == name


@pytest.mark.parametrize(
    "name", ["job-1", "1", "local-x", ".hidden", "-x", "a/b", "..", "é", "x" * 129, "a\n", " a", "a:any"]
)
def test_a_name_is_never_an_id_or_a_path(name):
    with pytest.raises(InvalidInput, match="name: "):
        spec_of(name=name)


def test_floats_that_json_has_no_word_for_are_spelt():
    spec = spec_of(config={"a": float("nan"), "b": [float("inf"), {"c": float("-inf")}], "d": 1.5})
    assert spec.config == {"a": "NaN", "b": ["Infinity", {"c": "-Infinity"}], "d": 1.5}


def test_what_a_spec_answers_can_be_submitted_again():
    spec = spec_of(gpus="a100:2", memory="8G", config={"a": [1]}, tags=["x"], env={"A": "b"})
    plain = {key: value for key, value in msgspec.to_builtins(spec).items() if key != "format"}
    assert parse_submission(plain).spec == spec


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_no_field_takes_an_object_of_another_kind(field):
    with pytest.raises(InvalidInput, match=field):
        parse_submission({"command": "true", field: object()} if field != "command" else {"command": object()})


def test_a_list_of_cores_may_be_as_long_as_the_machine_is_wide():
    cores = [*range(128), 4095]
    assert spec_of(cores=cores[::-1]).cores == cores
    with pytest.raises(InvalidInput, match="names no cores"):
        spec_of(cores=[])


def test_a_share_of_a_cpu_that_nobody_could_count_is_refused():
    with pytest.raises(InvalidInput, match="out of range"):
        spec_of(cpus=1e-10)


def test_a_number_out_of_range_is_told_as_it_was_written_with_the_bounds_that_hold():
    said = [
        ("retries", "-1", "retries: -1 is out of range. Choose from 0 to 1000."),
        ("cpus", "0", "cpus: 0 is out of range. Choose from 0.001 to 4096."),
        ("max_processes", 0, "max_processes: 0 is out of range. Choose from 1 to 4194304."),
        ("cpus", float("inf"), "cpus: inf is out of range. Choose from 0.001 to 4096."),
    ]
    for field, value, words in said:
        with pytest.raises(InvalidInput) as refused:
            spec_of(**{field: value})
        assert str(refused.value) == words
