"""LightGBM's own loops leave runs."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.integrations.conftest import Training

pytestmark = pytest.mark.timeout(900)  # the first test installs the library

START = """
import numpy, lightgbm
import trackside
from trackside.tracking.integrations import LightGBMCallback

data = numpy.random.default_rng(0).random((400, 4))
target = data @ [1, 2, 3, 4]
params = {"verbosity": -1, "num_leaves": 4, "num_threads": 1}
train = lightgbm.Dataset(data[:300], target[:300])
check = lightgbm.Dataset(data[300:], target[300:], reference=train)
"""


def test_train_without_a_run_makes_one_and_finishes_it(training: Training, lightgbm: Path) -> None:
    code = """
ours = LightGBMCallback("leaves")
lightgbm.train(params, train, 12, valid_sets=[check], callbacks=[ours])
assert ours.run.status == "completed"
"""
    training.run(lightgbm, START + code)
    run = training.only
    losses = list(run.curve("valid_0/l2").values())
    assert (run.name, run.status, list(run.curve("valid_0/l2"))) == ("leaves", "completed", list(range(12)))
    assert losses == sorted(losses, reverse=True)
    assert (run.config["num_leaves"], run.config["num_iterations"]) == (4, 12)
    assert run.progress is not None
    assert (run.progress["i"], run.progress["total"]) == (12, 12)


def test_an_open_run_is_joined_and_goes_on(training: Training, lightgbm: Path) -> None:
    code = """
with trackside.init(config={"num_leaves": "mine"}) as run:
    lightgbm.LGBMRegressor(n_estimators=5, **params).fit(
        data, target, eval_set=[(data, target)], callbacks=[LightGBMCallback()])
    assert run.status == "running"
    run.log({"after": 1}, step=99)
"""
    training.run(lightgbm, START + code)
    run = training.only
    assert (len(run.records), run.config["num_leaves"]) == (6, "mine")
    assert list(run.curve("after")) == [99]


@pytest.mark.parametrize("end", ["", "ours.finish()"])
def test_a_training_that_stopped_early_is_completed_with_its_best_round(
    training: Training, lightgbm: Path, end: str
) -> None:
    code = f"""
ours = LightGBMCallback()
found = {{}}
stop = lightgbm.early_stopping(2, verbose=False)
model = lightgbm.train({{**params, "learning_rate": 1.0}}, train, 2000, valid_sets=[check],
                       callbacks=[ours, stop, lightgbm.record_evaluation(found)])
{end}
run = ours.run
del ours
assert run.status == "completed"
print(model.best_iteration, len(found["valid_0"]["l2"]))
"""
    best, rounds = map(int, training.run(lightgbm, START + code).split())
    run = training.only
    assert (run.status, list(run.curve("valid_0/l2"))) == ("completed", list(range(rounds)))
    assert run.summary == {
        "best_iteration": best, "best_score/valid_0/l2": min(run.curve("valid_0/l2").values()),  # type: ignore[type-var]
    }  # fmt: skip


def test_cross_validation_gives_mean_and_deviation(training: Training, lightgbm: Path) -> None:
    code = """
stop = lightgbm.early_stopping(2, verbose=False)
lightgbm.cv({**params, "learning_rate": 1.0}, lightgbm.Dataset(data, target), 500, nfold=3, stratified=False,
            callbacks=[LightGBMCallback(), stop])
"""
    training.run(lightgbm, START + code)
    run = training.only
    assert run.curve("valid/l2-mean").keys() == run.curve("valid/l2-std").keys()
    assert (run.status, run.summary["best_iteration"]) == ("completed", len(run.records) - 2)


def test_each_fold_of_a_search_is_a_run_of_its_own(training: Training, lightgbm: Path) -> None:
    code = """
from sklearn.model_selection import GridSearchCV
search = GridSearchCV(lightgbm.LGBMRegressor(n_estimators=3, **params), {"max_depth": [1, 2]}, cv=2, refit=False)
search.fit(data, target, callbacks=[LightGBMCallback()], eval_set=[(data, target)])
"""
    training.run(lightgbm, START + code)
    assert [(run.status, run.config["max_depth"], len(run.records)) for run in training.runs] == [
        ("completed", depth, 3) for depth in (1, 1, 2, 2)
    ]


def test_after_an_exception_the_run_has_failed(training: Training, lightgbm: Path) -> None:
    code = """
def trouble(env):
    if env.iteration == 1:
        raise ZeroDivisionError
trouble.order = 50

ours = LightGBMCallback()
try:
    lightgbm.train(params, train, 3, valid_sets=[check], callbacks=[ours, trouble])
except ZeroDivisionError:
    pass
lightgbm.train(params, train, 3, valid_sets=[check], callbacks=[ours])
"""
    training.run(lightgbm, START + code)
    assert [(run.status, len(run.records)) for run in training.runs] == [("failed", 2), ("completed", 3)]


DISTRIBUTED = """
import multiprocessing, sys
import numpy, lightgbm
from trackside.tracking.integrations import LightGBMCallback

def work(rank, machines, all_ranks):
    data = numpy.random.default_rng(rank).random((300, 4))
    params = {"verbosity": -1, "num_threads": 1, "tree_learner": "data", "machines": machines, "num_machines": 2,
              "local_listen_port": int(machines.split(",")[rank].split(":")[1]), "time_out": 1}
    train = lightgbm.Dataset(data, data.sum(axis=1))
    lightgbm.train(params, train, 3, valid_sets=[train], callbacks=[LightGBMCallback(all_ranks=all_ranks)])

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=work, args=(rank, sys.argv[2], sys.argv[1] == "all")) for rank in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
"""


@pytest.mark.parametrize(
    ("asked", "keys"), [("first", {"training/l2"}), ("all", {"training/l2", "rank_1/training/l2"})]
)
def test_of_several_machines_the_first_writes_and_the_others_when_asked(
    training: Training, lightgbm: Path, asked: str, keys: set[str]
) -> None:
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        machines = ",".join(f"127.0.0.1:{each.getsockname()[1]}" for each in (one, two))
    training.run(lightgbm, DISTRIBUTED, asked, machines, variables=training.job())
    run = training.only
    assert {key for record in run.records for key in record} - {"_idx", "_timestamp", "step"} == keys
    assert all(len(run.curve(key)) == 3 for key in keys)
