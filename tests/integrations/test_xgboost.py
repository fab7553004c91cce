"""XGBoost's own loops leave runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integrations.conftest import Training

pytestmark = pytest.mark.timeout(900)  # the first test installs the library

START = """
import numpy, xgboost
import trackside
from trackside.tracking.integrations import XGBoostCallback

data = numpy.random.default_rng(0).random((200, 4))
target = data @ [1, 2, 3, 4]
train, check = xgboost.DMatrix(data[:150], target[:150]), xgboost.DMatrix(data[150:], target[150:])
options = dict(evals=[(train, "train"), (check, "check")], verbose_eval=False)
"""


def test_train_without_a_run_makes_one_and_finishes_it(training: Training, xgboost: Path) -> None:
    code = 'xgboost.train({"max_depth": 2, "eta": 0.5}, train, 12, callbacks=[XGBoostCallback("trees", rounds=12)], **options)'
    training.run(xgboost, START + code)
    run = training.only
    assert (run.name, run.status, len(run.records)) == ("trees", "completed", 12)
    losses = list(run.curve("check/rmse").values())
    assert list(run.curve("train/rmse")) == list(range(12))
    assert losses == sorted(losses, reverse=True)
    assert [run.config[key] for key in ("max_depth", "eta", "objective", "booster")] == [
        2, 0.5, "reg:squarederror", "gbtree",
    ]  # fmt: skip
    assert run.progress is not None
    assert (run.progress["i"], run.progress["total"]) == (12, 12)


def test_an_open_run_is_joined_and_goes_on(training: Training, xgboost: Path) -> None:
    code = """
with trackside.init(config={"eta": "mine"}) as run:
    xgboost.XGBRegressor(n_estimators=5, max_depth=3, callbacks=[XGBoostCallback()]).fit(
        data, target, eval_set=[(data, target)], verbose=False)
    assert run.status == "running"
    run.log({"after": 1}, step=99)
"""
    training.run(xgboost, START + code)
    run = training.only
    assert list(run.curve("validation_0/rmse")) == [0, 1, 2, 3, 4]
    assert list(run.curve("after")) == [99]
    assert (run.config["eta"], run.config["max_depth"]) == ("mine", 3)


@pytest.mark.parametrize("order", ["[ours, stop]", "[stop, ours]"])
def test_early_stopping_loses_no_round_whichever_callback_is_first(
    training: Training, xgboost: Path, order: str
) -> None:
    code = f"""
ours, stop = XGBoostCallback(), xgboost.callback.EarlyStopping(2)
found = {{}}
xgboost.train({{"eta": 2.5}}, train, 50, callbacks={order}, evals_result=found, **options)
print(len(found["check"]["rmse"]))
"""
    rounds = int(training.run(xgboost, START + code))
    run = training.only
    assert rounds < 50
    assert (list(run.curve("check/rmse")), run.status) == (list(range(rounds)), "completed")
    best = min(run.curve("check/rmse").items(), key=lambda point: point[1])  # type: ignore[arg-type, return-value]
    assert run.summary == {"best_iteration": best[0], "best_score": pytest.approx(best[1], rel=1e-4)}


def test_cross_validation_gives_mean_and_deviation(training: Training, xgboost: Path) -> None:
    training.run(xgboost, START + 'xgboost.cv({"max_depth": 2}, train, 4, nfold=3, callbacks=[XGBoostCallback()])')
    run = training.only
    assert (list(run.curve("test/rmse-mean")), list(run.curve("test/rmse-std"))) == ([0, 1, 2, 3], [0, 1, 2, 3])
    assert run.config["max_depth"] == 2


def test_a_second_training_of_a_callback_is_a_second_run_also_after_an_exception(
    training: Training, xgboost: Path
) -> None:
    code = """
class Trouble(xgboost.callback.TrainingCallback):
    def after_iteration(self, model, epoch, evals_log):
        raise ZeroDivisionError

ours = XGBoostCallback()
try:
    xgboost.train({}, train, 3, callbacks=[ours, Trouble()], **options)
except ZeroDivisionError:
    pass
xgboost.train({}, train, 3, callbacks=[ours], **options)
"""
    training.run(xgboost, START + code)
    assert [(run.status, len(run.records)) for run in training.runs] == [("failed", 1), ("completed", 3)]


def test_in_a_job_the_run_is_the_jobs_and_its_end_the_runners(training: Training, xgboost: Path) -> None:
    code = "xgboost.train({}, train, 3, callbacks=[XGBoostCallback()], **options)"
    training.run(xgboost, START + code, variables=training.job())
    run = training.only
    assert (run.name, run.status, len(run.records)) == ("a job", "running", 3)


DISTRIBUTED = """
import multiprocessing, sys
import numpy, xgboost
from xgboost.tracker import RabitTracker
from trackside.tracking.integrations import XGBoostCallback

def work(arguments, rank, all_ranks):
    with xgboost.collective.CommunicatorContext(**arguments):
        data = numpy.random.default_rng(rank).random((100, 4))
        train = xgboost.DMatrix(data, data.sum(axis=1))
        ours = XGBoostCallback(all_ranks=all_ranks)
        xgboost.train({"tree_method": "hist"}, train, 3, evals=[(train, "train")], callbacks=[ours], verbose_eval=False)

if __name__ == "__main__":
    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
    tracker.start()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=work, args=(tracker.worker_args(), rank, sys.argv[1] == "all")) for rank in (0, 1)]
    for worker in workers:
        worker.start()
    tracker.wait_for()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
"""


@pytest.mark.parametrize(("asked", "keys"), [("first", {"train/rmse"}), ("all", {"train/rmse", "rank_1/train/rmse"})])
def test_of_several_workers_the_first_writes_and_the_others_when_asked(
    training: Training, xgboost: Path, asked: str, keys: set[str]
) -> None:
    training.run(xgboost, DISTRIBUTED, asked, variables=training.job())
    run = training.only
    assert {key for record in run.records for key in record} - {"_idx", "_timestamp", "step"} == keys
    assert all(len(run.curve(key)) == 3 for key in keys)
