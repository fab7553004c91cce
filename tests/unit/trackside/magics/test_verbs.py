"""What is done to a job is done to the one that was named."""

import pytest

from trackside.errors import Conflict, InvalidInput, NotFound, TracksideError


@pytest.fixture
def two_jobs(notebook):
    notebook("%submit -n one --quiet -- true")
    notebook("%submit -n two --quiet -- true")
    notebook.server.logs["job-1"] = "epoch 1\nepoch 2\n"
    return notebook


def cancelled(notebook):
    return [path for _, path, _ in notebook.server.requests if path.endswith("/cancel")]


def test_logs_are_shown_of_the_named_or_the_last_job(two_jobs, capsys):
    two_jobs("%logs one")
    assert capsys.readouterr().out == "epoch 1\nepoch 2\n"
    two_jobs("%logs")
    assert capsys.readouterr().out == "job-2 has printed nothing yet (pending · starts now).\n"


def test_without_a_job_logs_ask_for_one(notebook):
    with pytest.raises(InvalidInput, match="%logs needs a job"):
        notebook("%logs")


def test_several_jobs_are_cancelled_by_id_name_and_number(two_jobs, capsys):
    two_jobs("%submit --quiet -- true")
    two_jobs("%cancel one job-2,3")
    assert cancelled(two_jobs) == ["jobs/job-1/cancel", "jobs/job-2/cancel", "jobs/job-3/cancel"]
    assert "one · job-1 · cancelling" in capsys.readouterr().out


def test_a_job_that_cannot_be_cancelled_keeps_no_other_from_it(two_jobs):
    two_jobs.server.end("job-1")
    with pytest.raises(Conflict, match="job-1 has ended"):
        two_jobs("%cancel one two")
    assert "jobs/job-2/cancel" in cancelled(two_jobs)
    with pytest.raises(TracksideError) as caught:
        two_jobs("%cancel one none-such")
    assert "job-1 has ended" in str(caught.value)
    assert "no job 'none-such'" in str(caught.value)


def test_cancel_never_guesses(two_jobs):
    with pytest.raises(InvalidInput, match="%cancel needs at least one job"):
        two_jobs("%cancel")


def test_retry_is_the_same_job_again_and_the_last_one(two_jobs):
    two_jobs.server.end("job-1", status="failed")
    job = two_jobs("%retry one")
    assert (job.id, job.status, job.facts.attempt) == ("job-1", "pending", 2)
    assert two_jobs.names["_job"] is job


def test_retry_gives_it_more_from_then_on(two_jobs):
    two_jobs.server.end("job-1", status="failed")
    two_jobs("%retry one -m 16G --gpu-memory 40G")
    [sent] = [body for _, path, body in two_jobs.server.requests if path.endswith("jobs/job-1/retry")]
    assert sent == {"memory": "16G", "gpu_memory": "40G"}


@pytest.mark.parametrize(
    ("line", "error"), [("%retry", InvalidInput), ("%retry a b", InvalidInput), ("%logs nobody", NotFound)]
)
def test_a_job_that_is_not_named_well_is_refused(two_jobs, line, error):
    with pytest.raises(error):
        two_jobs(line)
