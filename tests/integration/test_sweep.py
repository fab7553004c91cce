"""Sweeps and parameters with real jobs: from a kernel, from Python, from a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.kernels import ServerKernel
from tests.serving import LiveServer, until
from trackside.client import Client
from trackside.errors import InvalidInput
from trackside.sdk.sweep import sweep


@pytest.fixture(scope="module")
def kernel(live: LiveServer) -> Iterator[ServerKernel]:
    kernel = ServerKernel(live)
    kernel.execute("%load_ext trackside\nimport trackside")
    yield kernel
    kernel.close()


@pytest.fixture
def client(live: LiveServer) -> Iterator[Client]:
    with Client(live.url, live.token) as client:
        yield client


def test_a_cell_is_run_with_every_combination_and_all_stand_in_one_panel(kernel: ServerKernel) -> None:
    kernel.execute("import numpy as np\ndata = np.ones(100_000)\ndef model(lr):\n    return lr * float(data.sum())")
    cell = kernel.execute(
        '%%submit -n grid --wait --sweep "lr=0.1,0.2 seed=1..2" --out loss\n'
        "loss = model(lr) + seed\ntrackside.log({'loss': loss}, step=0)"
    )
    (panel,) = cell.bundles
    content = panel["application/vnd.trackside.run+json"]
    assert (content["kind"], content["varies"], len(content["runs"])) == ("track", ["lr", "seed"], 4)
    assert "carried in: data 800 kB, model" in cell.stdout
    said = kernel.execute(
        "print([job.result('loss') for job in _sweep], _sweep.best('loss').name)\nprint(_sweep.table()['loss.min'].tolist())"
    ).stdout
    assert said == ("[10001.0, 10002.0, 20001.0, 20002.0] grid lr=0.1 seed=1\n[10001.0, 10002.0, 20001.0, 20002.0]\n")
    assert kernel.execute("%runs tag:sweep:grid config.lr<0.15 -n 9").text.count("grid lr=0.1") >= 2
    assert len(kernel.execute("_sweep").bundles) == 1


def test_a_failure_in_a_sweep_is_an_error_of_the_cell_that_waits(kernel: ServerKernel) -> None:
    cell = kernel.execute('%%submit --wait --sweep "n=0,1"\n1 / n', check=False)
    assert "1 of 2 jobs did not complete: n=0 (failed)" in cell.error


def test_a_script_gets_its_values_as_arguments(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import sys; print(sys.argv[1:])")
    made = sweep(script, {"lr": [0.1, 0.2]}, args=["--epochs", "3"], client=client).wait(60)
    assert [job.logs().strip() for job in made] == [
        "['--epochs', '3', '--lr', '0.1']",
        "['--epochs', '3', '--lr', '0.2']",
    ]
    assert {job.facts.spec.config["lr"] for job in made} == {0.1, 0.2}


def test_one_wrong_value_makes_no_job_at_all(client: Client) -> None:
    before = client.jobs.list().counts
    with pytest.raises(InvalidInput):
        sweep(["true", "{n}"], "n=1..3", memory="nonsense", client=client)
    assert client.jobs.list().counts == before


def test_a_notebook_runs_with_parameters_and_can_be_opened_while_it_runs(client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cells = [
        ("lr = 1\nsize = 2", ["parameters"]),
        (
            f"import os, time\nprint('lr', lr, size, flush=True)\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)",
            [],
        ),
        ("assert lr < 1, 'too fast'", []),
    ]
    notebook = tmp_path / "report.ipynb"
    content = {"cells": [_cell(*cell) for cell in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    notebook.write_text(json.dumps(content))
    made = sweep(notebook, {"lr": [0.5, 1.5]}, params={"size": 7}, client=client)
    paths = [Path(job.run_dir, "artifacts", "report.ipynb") for job in made]
    until(lambda: all("lr " in job.logs() for job in made), "both notebooks to run")
    running = json.loads(paths[0].read_text())
    assert running["cells"][1]["source"] == "# Parameters\nsize = 7\nlr = 0.5"
    gate.touch()
    made.wait(60)
    assert [job.status for job in made] == ["completed", "failed"]
    whole = [json.loads(path.read_text())["cells"] for path in paths]
    assert whole[0][2]["outputs"][0]["text"] == "lr 0.5 7\n"
    assert whole[1][3]["outputs"][0]["ename"] == "AssertionError"


def _cell(source: str, tags: list[str]) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": tags}, "outputs": [], "execution_count": None}


def test_of_a_map_no_more_run_at_once_than_may(client: Client) -> None:
    code = "import time; time.sleep(0.4)"
    jobs = client.jobs.submit_many(
        [{"command": ["python3", "-c", code], "workdir": "/tmp", "cpus": 0.1, "group": "few", "max_parallel": 1, "name": f"few-{n}"} for n in range(3)]
    )  # fmt: skip
    running = next(client.jobs.as_completed([jobs[0].id]))
    assert running.status == "completed"
    ended = sorted((job.started_at, job.finished_at) for job in client.jobs.as_completed([job.id for job in jobs]))
    assert all(before[1] <= after[0] for before, after in pairwise(ended))
    with pytest.raises(InvalidInput, match="no group of jobs"):
        client.jobs.submit({"command": ["true"], "max_parallel": 2})


def test_a_function_over_items_waits_its_turn_and_says_so(live: LiveServer, client: Client) -> None:
    import trackside

    jobs = trackside.map(lambda s: [__import__("time").sleep(s), s][1], [2.5, 0.0, 0.0], name="nap", max_parallel=1, cpus=0.1, client=client)  # fmt: skip
    until(lambda: jobs[0].is_running, "the first")
    assert "1 of its group runs, 1 may at once (nap-0 (job-" in jobs[2].explain()
    assert [job.result(timeout=60) for job in jobs] == [2.5, 0.0, 0.0]


def test_a_job_that_costs_more_than_it_may_is_refused_where_no_price_is_known(client: Client) -> None:
    with pytest.raises(InvalidInput) as caught:
        client.jobs.submit({"command": ["true"], "max_cost_per_hour": 0.5})
    assert caught.value.code == "no_price"
    assert "c.TracksideApp.prices" in caught.value.hint
