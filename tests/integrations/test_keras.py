"""``fit`` and ``evaluate`` of Keras leave runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integrations.conftest import Training

pytestmark = pytest.mark.timeout(900)  # the first test installs the library

START = """
import numpy, keras
import trackside
from trackside.tracking.integrations import KerasCallback

data = numpy.random.default_rng(0).random((64, 4))
target = data.sum(axis=1)

def model():
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)], name="line")
    made.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return made

def fit(callback, made=None, **options):
    made = made or model()
    made.fit(data, target, **{"epochs": 3, "batch_size": 16, "verbose": 0, "callbacks": [callback], **options})
    return made
"""


def test_fit_without_a_run_makes_one_and_finishes_it(training: Training, keras: Path) -> None:
    training.run(keras, START + 'fit(KerasCallback("line"), validation_split=0.25)')
    run = training.only
    assert (run.name, run.status, len(run.records)) == ("line", "completed", 3)
    for key in ("loss", "mae", "val_loss", "val_mae", "learning_rate"):
        assert list(run.curve(key)) == [0, 1, 2], key
    losses = list(run.curve("loss").values())
    assert losses == sorted(losses, reverse=True)
    assert (run.config["epochs"], run.config["steps_per_epoch"], run.config["loss"]) == (3, 3, "mse")
    assert run.config["optimizer"]["name"] == "adam"
    assert run.config["architecture"] == {"class": "Sequential", "name": "line", "parameters": 5}
    assert run.progress is not None
    assert (run.progress["i"], run.progress["total"]) == (9, 9)


def test_each_nth_batch_is_logged_when_asked_and_all_steps_are_batches(training: Training, keras: Path) -> None:
    training.run(keras, START + "fit(KerasCallback(every=2), epochs=2)")
    run = training.only
    assert (list(run.curve("batch/loss")), list(run.curve("loss"))) == ([2, 4, 6, 8], [4, 8])
    assert list(run.curve("epoch").values()) == [0, 1]


def test_a_batch_among_several_that_keras_takes_at_a_time_has_its_number(training: Training, keras: Path) -> None:
    code = """
made = model()
made.compile("adam", "mse", steps_per_execution=2)
fit(KerasCallback(every=3), made, epochs=2, batch_size=8)
"""
    training.run(keras, START + code)
    assert (list(training.only.curve("batch/loss")), list(training.only.curve("loss"))) == ([4, 6, 10, 12, 16], [8, 16])


def test_an_evaluation_after_the_fit_is_a_result_of_its_run(training: Training, keras: Path) -> None:
    code = """
callback = KerasCallback()
fit(callback).evaluate(data, target, verbose=0, callbacks=[callback])
"""
    training.run(keras, START + code)
    assert training.only.summary.keys() == {"test_loss", "test_mae"}


def test_an_evaluation_without_a_fit_is_a_run_for_itself(training: Training, keras: Path) -> None:
    training.run(keras, START + "model().evaluate(data, target, verbose=0, callbacks=[KerasCallback()])")
    assert (training.only.status, training.only.summary.keys()) == ("completed", {"test_loss", "test_mae"})


def test_an_evaluation_in_a_run_that_was_begun_for_it_is_a_result_of_that(training: Training, keras: Path) -> None:
    code = """
callback = KerasCallback("fit")
made = fit(callback)
with trackside.init("evaluation"):
    made.evaluate(data, target, verbose=0, callbacks=[callback])
"""
    training.run(keras, START + code)
    assert {run.name: sorted(run.summary) for run in training.runs} == {
        "fit": [],
        "evaluation": ["test_loss", "test_mae"],
    }


def test_an_open_run_is_joined_and_goes_on(training: Training, keras: Path) -> None:
    code = """
with trackside.init(config={"epochs": "mine"}) as run:
    fit(KerasCallback())
    assert run.status == "running"
    run.log({"after": 1}, step=99)
"""
    training.run(keras, START + code)
    run = training.only
    assert (len(run.curve("loss")), list(run.curve("after")), run.config["epochs"]) == (3, [99], "mine")


def test_a_fit_of_unknown_length_shows_its_epochs_and_a_failed_one_the_reason(training: Training, keras: Path) -> None:
    code = """
def rows():
    yield data[:32], target[:32]
    yield data[32:], target[32:]

class Trouble(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise ValueError("no more")

model().fit(rows(), epochs=1, verbose=0, callbacks=[KerasCallback("generator")])
fit(KerasCallback("trouble"), callbacks=[KerasCallback("trouble"), Trouble()])
"""
    training.run(keras, START + code, fails=True)
    first, second = training.runs
    assert first.progress is not None
    assert (first.status, first.progress["i"], first.progress["total"]) == ("completed", 1, 1)
    assert (second.status, second.meta["reason"]) == ("failed", {"code": "exception", "message": "ValueError: no more"})


def test_in_a_job_the_run_is_the_jobs_and_its_end_the_runners(training: Training, keras: Path) -> None:
    training.run(keras, START + "fit(KerasCallback())", variables=training.job())
    run = training.only
    assert (run.name, run.status, len(run.records)) == ("a job", "running", 3)


@pytest.mark.parametrize(("all_ranks", "keys"), [(False, {"loss"}), (True, {"loss", "rank_1/loss"})])
def test_of_several_processes_the_first_writes_and_the_others_when_asked(
    training: Training, keras: Path, all_ranks: bool, keys: set[str]
) -> None:
    start = """
import os, jax
jax.distributed.initialize(f"127.0.0.1:{os.environ['MASTER_PORT']}", 2, int(os.environ["RANK"]))
"""
    training.ranks(keras, f"{start}{START}fit(KerasCallback(all_ranks={all_ranks}))", 2, variables=training.job())
    run = training.only
    found = {key for record in run.records for key in record if key.endswith("loss")}
    assert (found, {len(run.curve(key)) for key in keys}) == (keys, {3})
