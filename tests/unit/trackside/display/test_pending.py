"""A name that a job will bind is never half a value: it is the value, or it says when the value comes."""

import operator
import pickle

import pytest

from trackside.display.pending import Outputs, Pending
from trackside.errors import JobFailed, NotFound, TracksideError, TryAgain


@pytest.fixture
def namespace():
    return {}


@pytest.fixture
def outputs(namespace):
    return Outputs(namespace)


def test_a_pending_name_says_when_it_comes_back(namespace, outputs, fake_job):
    outputs.expect(fake_job(), ["model"])
    assert repr(namespace["model"]) == "model comes back when job 41 ends (running · 03:12)"
    assert str(namespace["model"]) == repr(namespace["model"])


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.shape,
        lambda model: model(1),
        lambda model: model[0],
        len,
        list,
        lambda model: model + 1,
        lambda model: 1 + model,
        lambda model: model == 3,
        bool,
        lambda model: 3 in model,
        float,
        lambda model: setattr(model, "x", 1),
        lambda model: hasattr(model, "shape"),
    ],
)
def test_using_a_value_that_is_not_there_says_how_to_wait(namespace, outputs, fake_job, use):
    outputs.expect(fake_job(), ["model"])
    with pytest.raises(TryAgain, match=r"model comes back when job 41 ends .*trackside\.job\('job-41'\)\.wait\(\)"):
        use(namespace["model"])


def test_a_name_becomes_its_value_once_the_job_completed(namespace, outputs, fake_job):
    job = fake_job(values={"model": [1, 2]})
    outputs.expect(job, ["model"])
    outputs.settle(["model"])
    assert isinstance(namespace["model"], Pending)
    job.status = "completed"
    outputs.settle(["model"])
    assert namespace["model"] == [1, 2]
    assert type(namespace["model"]) is list
    assert outputs.waiting() == {}


def test_a_value_is_loaded_only_when_its_name_is_used(namespace, outputs, fake_job):
    job = fake_job(values={"model": 1, "history": 2})
    outputs.expect(job, ["model", "history"])
    job.status = "completed"
    outputs.settle(["other"])
    assert job.loads == 0
    outputs.settle(["history"])
    assert job.loads == 1
    assert isinstance(namespace["model"], Pending)


def test_another_reference_to_a_pending_name_stands_in_for_the_value(namespace, outputs, fake_job):
    job = fake_job(values={"model": [3, 4]})
    outputs.expect(job, ["model"])
    other = namespace["model"]
    job.status = "completed"
    assert other[1] == 4
    assert len(other) == 2
    assert operator.add(other, [5]) == [3, 4, 5]
    assert operator.add([2], other) == [2, 3, 4]
    assert list(other) == [3, 4]
    assert other.index(4) == 1
    assert repr(other) == "[3, 4]"
    assert namespace["model"] == [3, 4], "the first use binds the name too"
    assert job.loads == 1


def test_front_ends_may_probe_a_pending_value_without_an_error(namespace, outputs, fake_job):
    outputs.expect(fake_job(), ["model"])
    assert not hasattr(namespace["model"], "_repr_html_")
    assert not hasattr(namespace["model"], "__array_interface__")


def test_a_failed_job_gives_the_name_back_what_it_meant_and_says_so_once(namespace, outputs, fake_job):
    namespace["model"] = "untrained"
    job = fake_job()
    outputs.expect(job, ["model"])
    job.status = "failed"
    with pytest.raises(JobFailed, match=r"model did not come back: job 41 failed.*again the value from before"):
        outputs.settle(["model"])
    assert namespace["model"] == "untrained"
    outputs.settle(["model"])


def test_a_failed_job_leaves_a_new_name_without_a_value(namespace, outputs, fake_job):
    job = fake_job()
    outputs.expect(job, ["model"])
    job.status = "cancelled"
    for _ in range(2):
        with pytest.raises(JobFailed, match="%logs job-41"):
            outputs.settle(["model"])


def test_a_name_that_the_cell_never_bound_is_named(namespace, outputs, fake_job):
    job = fake_job()
    outputs.expect(job, ["model"])
    job.status = "completed"
    with pytest.raises(NotFound, match="no result 'model'"):
        outputs.settle(["model"])


def test_a_name_bound_anew_by_the_user_is_left_alone(namespace, outputs, fake_job):
    job = fake_job(values={"model": 1})
    outputs.expect(job, ["model"])
    namespace["model"] = "mine"
    job.status = "completed"
    outputs.settle(["model"])
    assert namespace["model"] == "mine"


def test_the_same_cell_submitted_again_starts_from_the_same_value(namespace, outputs, fake_job):
    namespace["model"] = "untrained"
    outputs.expect(fake_job(41), ["model"])
    with outputs.lent(["model", "data"]) as said:
        assert namespace == {"model": "untrained"}
        assert said == ["model is carried in as it was before job 41 (running · 03:12)"]
    assert isinstance(namespace["model"], Pending), "in the notebook it is still to come"
    outputs.expect(fake_job(42), ["model"])
    with outputs.lent(["model"]):
        assert namespace["model"] == "untrained"


def test_a_failed_cell_submitted_again_starts_from_the_same_value(namespace, outputs, fake_job):
    namespace["model"] = "untrained"
    job = fake_job()
    outputs.expect(job, ["model"])
    job.status = "failed"
    with outputs.lent(["model"]) as said:
        assert namespace["model"] == "untrained"
        assert said == ["model is carried in as it was before job 41 (failed)"]


def test_what_a_completed_job_brought_is_carried_into_the_next(namespace, outputs, fake_job):
    job = fake_job(values={"model": "trained"})
    namespace["model"] = "untrained"
    outputs.expect(job, ["model"])
    job.status = "completed"
    with outputs.lent(["model"]) as said:
        assert said == []
    assert namespace["model"] == "trained", "for good"


def test_a_completed_value_is_what_the_next_failure_goes_back_to(namespace, outputs, fake_job):
    first, second = fake_job(41, {"model": "trained"}), fake_job(42)
    outputs.expect(first, ["model"])
    first.status = "completed"
    outputs.expect(second, ["model"])
    second.status = "failed"
    with pytest.raises(JobFailed):
        outputs.settle(["model"])
    outputs.settle(["model"])
    assert namespace["model"] == "trained"


def test_a_value_that_never_was_cannot_be_carried_yet(namespace, outputs, fake_job):
    outputs.expect(fake_job(), ["model"])
    with pytest.raises(TryAgain, match="cannot be carried into another job yet"), outputs.lent(["model"]):
        pytest.fail("the cell would be submitted")
    assert isinstance(namespace["model"], Pending)


def test_a_name_that_is_perhaps_read_is_absent_while_it_has_no_value(namespace, outputs, fake_job):
    outputs.expect(fake_job(), ["model"])
    with outputs.lent([], ["model"]) as said:
        assert "model" not in namespace
        assert said == []
    assert isinstance(namespace["model"], Pending)


def test_names_are_pending_again_when_the_submission_fails(namespace, outputs, fake_job):
    namespace["model"] = "untrained"
    outputs.expect(fake_job(), ["model"])
    with pytest.raises(ValueError, match="refused"), outputs.lent(["model"]):
        raise ValueError("refused")
    assert isinstance(namespace["model"], Pending)


def test_listing_the_names_of_a_notebook_loads_nothing_and_never_fails(namespace, outputs, fake_job):
    job = fake_job(values={"model": 1})
    outputs.expect(job, ["model"])
    job.status = "completed"
    assert str(namespace["model"]) == "model came back with job 41; it is loaded when it is used"
    job.status = "failed"
    assert repr(namespace["model"]) == "model did not come back: job 41 failed"
    assert job.loads == 0


def test_a_retried_job_is_waited_for_again(namespace, outputs, fake_job):
    namespace["model"] = "untrained"
    job = fake_job()
    outputs.expect(job, ["model", "history"])
    job.status = "failed"
    with pytest.raises(JobFailed):
        outputs.settle(["model"])
    retried = fake_job(values={"model": "trained", "history": [1]})
    outputs.again(retried)
    assert "comes back when job 41 ends" in repr(namespace["model"])
    retried.status = "completed"
    outputs.settle(["model", "history"])
    assert namespace == {"model": "trained", "history": [1]}


def test_a_pending_value_inside_something_pickled_travels_as_the_value(namespace, outputs, fake_job):
    job = fake_job(values={"model": {"w": 1}})
    outputs.expect(job, ["model"])
    held = [namespace["model"]]
    with pytest.raises(TracksideError):
        pickle.dumps(held)
    job.status = "completed"
    assert pickle.loads(pickle.dumps(held)) == [{"w": 1}]
