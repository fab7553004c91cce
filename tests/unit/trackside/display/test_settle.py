"""Pending names become values at the start of the statement that uses them."""

import ast

import pytest

from trackside.display.pending import Outputs, Pending
from trackside.display.settle import Settler, names_read


@pytest.fixture(autouse=True)
def settled(shell):
    shell.outputs = Outputs(shell.user_ns)
    settler = Settler(shell.outputs, shell.user_ns)
    shell.ast_transformers.append(settler)
    yield
    settler.close()


def run(shell, source):
    result = shell.run_cell(source)
    result.raise_error()
    return result.result


@pytest.fixture
def job(shell, fake_job):
    job = fake_job(values={"model": [1, 2, 3]})
    shell.outputs.expect(job, ["model"])
    return job


def test_a_cell_gets_the_value_itself_after_the_end_of_the_job(shell, job):
    job.status = "completed"
    assert run(shell, "type(model) is list and sum(model)") == 6


def test_waiting_on_one_line_makes_the_value_there_on_the_next(shell, job):
    def wait():
        job.status = "completed"

    shell.user_ns["wait"] = wait
    assert run(shell, "wait()\ntype(model).__name__") == "list"


def test_a_function_of_the_notebook_that_reads_the_name_gets_the_value(shell, job):
    run(shell, "def inner():\n    return [type(model) for _ in range(1)]\ndef outer():\n    return inner()")
    assert isinstance(shell.user_ns["model"], Pending)
    job.status = "completed"
    assert run(shell, "outer()") == [list]


def test_looking_at_a_pending_name_shows_the_sentence_and_no_error(shell, job):
    assert repr(run(shell, "model")) == "model comes back when job 41 ends (running · 03:12)"


def test_the_text_of_a_magic_counts_as_use(shell, job):
    job.status = "completed"
    run(shell, "%%capture\nkind = type(model)")
    assert shell.user_ns["kind"] is list


def test_a_cell_that_does_not_use_the_name_loads_nothing(shell, job):
    job.status = "completed"
    run(shell, "x = 1\nmodel_2 = x")
    assert job.loads == 0


def test_assigning_the_name_is_not_a_use(shell, job):
    job.status = "completed"
    run(shell, "model = 5")
    assert (shell.user_ns["model"], job.loads) == (5, 0)


def test_a_failed_job_stops_the_statement_that_needs_its_value(shell, job):
    job.status = "failed"
    result = shell.run_cell("before = 1\nafter = model\nlater = 2")
    assert "did not come back" in str(result.error_in_exec)
    assert shell.user_ns["before"] == 1
    assert "later" not in shell.user_ns


def test_code_is_untouched_when_nothing_is_pending(shell):
    tree = ast.parse("model\nprint(model)")
    before = ast.dump(tree)
    assert ast.dump(shell.transform_ast(tree)) == before


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a = b", {"b"}),
        ("a += 1", {"a"}),
        ("del a", {"a"}),
        ("def f():\n    return g.x", {"g"}),
        ("get_ipython().run_cell_magic('time', '', 'b = c')", {"get_ipython", "time", "b", "c"}),
        ("get_ipython().run_cell_magic('submit', '--out model', 'model')", {"get_ipython"}),
        ("get_ipython().run_line_magic('track', 'loss')", {"get_ipython"}),
    ],
)
def test_names_that_a_statement_may_read(source, names):
    assert names_read(ast.parse(source).body[0]) == names
