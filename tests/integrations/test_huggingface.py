"""The Trainer of Hugging Face leaves runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integrations.conftest import Training

pytestmark = pytest.mark.timeout(1800)  # the first test installs the libraries

START = """
import torch, transformers
import trackside
from trackside.tracking.integrations import HuggingFaceCallback

def small(seed=0):
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=2)
    return transformers.BertForSequenceClassification(config)

def trainer(callback, kind=transformers.Trainer, **options):
    rows = [{"input_ids": [i % 30 + 1] * 8, "labels": i % 2} for i in range(32)]
    arguments = transformers.TrainingArguments(
        output_dir="out", per_device_train_batch_size=8, learning_rate=1e-3, logging_steps=1, report_to=[],
        save_strategy="no", use_cpu=True, disable_tqdm=True,
        **{"num_train_epochs": 2, "eval_strategy": "epoch", **options})
    return kind(model=small(), args=arguments, train_dataset=rows, eval_dataset=rows[:8],
                callbacks=[callback] if callback else [])
"""


def test_train_without_a_run_makes_one_and_finishes_it(training: Training, torch: Path) -> None:
    code = (
        'trainer(HuggingFaceCallback(tags=["bert"]), run_name="tiny", hub_token="hf_sesame", weight_decay=0.5).train()'
    )
    training.run(torch, START + code)
    run = training.only
    assert (run.name, run.status, run.meta["tags"]) == ("tiny", "completed", ["bert"])
    assert list(run.curve("loss")) == list(run.curve("learning_rate")) == list(range(1, 9))
    assert list(run.curve("eval_loss")) == [4, 8]
    assert run.summary["train_loss"] == pytest.approx(sum(run.curve("loss").values()) / 8, abs=1e-3)  # type: ignore[arg-type]
    assert run.progress is not None
    assert (run.progress["i"], run.progress["total"]) == (8, 8)
    config = run.config
    assert [config[key] for key in ("learning_rate", "weight_decay", "num_train_epochs", "max_steps")] == [
        0.001, 0.5, 2, 8,
    ]  # fmt: skip
    assert config["architecture"]["class"] == "BertForSequenceClassification"
    assert (config["architecture"]["hidden_size"], config["architecture"]["parameters"] > 1000) == (16, True)
    assert "sesame" not in run.folder.config.read_text()
    assert len(config) < 30


def test_what_is_evaluated_after_the_training_is_a_result_of_its_run(training: Training, torch: Path) -> None:
    code = """
t = trainer(HuggingFaceCallback, load_best_model_at_end=False)
t.train()
t.evaluate(metric_key_prefix="final")
t.predict(t.eval_dataset, metric_key_prefix="test")
"""
    training.run(torch, START + code)
    run = training.only
    assert {"final_loss", "test_loss", "train_loss"} <= run.summary.keys()
    assert run.status == "completed"


def test_an_evaluation_without_a_training_is_a_run_for_itself(training: Training, torch: Path) -> None:
    training.run(torch, START + "trainer(HuggingFaceCallback()).evaluate()")
    run = training.only
    assert (run.status, list(run.curve("eval_loss"))) == ("completed", [0])
    assert run.summary["eval_loss"] == run.curve("eval_loss")[0]


def test_an_open_run_is_joined_and_goes_on(training: Training, torch: Path) -> None:
    code = """
with trackside.init("mine", config={"learning_rate": "mine"}) as run:
    t = trainer(HuggingFaceCallback())
    t.train()
    assert run.status == "running"
    t.evaluate(metric_key_prefix="final")
"""
    training.run(torch, START + code)
    run = training.only
    assert (run.name, run.status, run.config["learning_rate"], run.config["max_steps"]) == (
        "mine", "completed", "mine", 8,
    )  # fmt: skip
    assert list(run.curve("final_loss")) == [8]


def test_what_a_run_cannot_hold_is_dropped_and_counted(training: Training, torch: Path) -> None:
    code = """
class Talking(transformers.Trainer):
    def log(self, logs, *others):
        super().log({**logs, "odd": [1, 2], "tensor": torch.tensor(0.5), "vector": torch.ones(3)}, *others)

callback = HuggingFaceCallback()
trainer(callback, Talking, num_train_epochs=1, eval_strategy="no").train()
print(callback.dropped)
"""
    said = training.run(torch, START + code).splitlines()[-1]
    run = training.only
    assert run.curve("tensor") == dict.fromkeys(range(1, 5), 0.5)
    assert {"odd", "vector"}.isdisjoint({key for record in run.records for key in record})
    assert int(said) == 2 * 6  # four steps, the last record, and that once more as a result


def test_a_training_that_fails_leaves_a_failed_run_with_the_reason(training: Training, torch: Path) -> None:
    code = """
class Failing(transformers.Trainer):
    def compute_loss(self, *arguments, **options):
        if self.state.global_step == 2:
            raise ValueError("no more")
        return super().compute_loss(*arguments, **options)

trainer(HuggingFaceCallback(), Failing).train()
"""
    training.run(torch, START + code, fails=True)
    run = training.only
    assert (run.status, run.meta["reason"]) == ("failed", {"code": "exception", "message": "ValueError: no more"})
    assert list(run.curve("loss")) == [1, 2]


def test_after_a_failure_that_was_caught_a_new_trainer_has_a_new_run(training: Training, torch: Path) -> None:
    code = """
class Failing(transformers.Trainer):
    def training_step(self, *arguments, **options):
        raise ValueError

for kind in (Failing, transformers.Trainer):
    try:
        t = trainer(HuggingFaceCallback(), kind, eval_strategy="no")
        t.train()
    except ValueError:
        pass
"""
    training.run(torch, START + code)
    assert [(run.status, len(run.curve("loss"))) for run in training.runs] == [("failed", 0), ("completed", 8)]


@pytest.mark.parametrize(("all_ranks", "keys"), [(False, {"loss"}), (True, {"loss", "rank_1/loss"})])
def test_of_several_processes_the_first_writes_and_the_others_when_asked(
    training: Training, torch: Path, all_ranks: bool, keys: set[str]
) -> None:
    code = START + f"trainer(HuggingFaceCallback(all_ranks={all_ranks}), eval_strategy='no').train()"
    training.ranks(torch, code, 2, variables=training.job())
    run = training.only
    curves = {key for record in run.records for key in record if key.endswith("loss") and "train_" not in key}
    assert curves == keys
    assert all(list(run.curve(key)) == [1, 2, 3, 4] for key in keys)


def test_our_summary_writer_stands_in_for_tensorboards(training: Training, torch: Path) -> None:
    code = """
from transformers.integrations import TensorBoardCallback
from trackside.tracking.integrations import SummaryWriter
trainer(None, num_train_epochs=1).add_callback(TensorBoardCallback)  # as it is imported by users
t = trainer(TensorBoardCallback(SummaryWriter("runs/tb")), num_train_epochs=1)
t.train()
"""
    training.run(torch, START + code)
    run = training.only
    assert (run.name, run.status) == ("tb", "completed")
    assert list(run.curve("train/loss")) == [1, 2, 3, 4]
    assert '"learning_rate": 0.001' in next((run.folder.artifacts / "media" / "args").iterdir()).read_text()


def test_our_summary_writer_takes_the_arguments_of_tensorboards(training: Training, torch: Path) -> None:
    code = """
import inspect
from torch.utils.tensorboard import SummaryWriter as Theirs
from trackside.tracking.integrations import SummaryWriter as Ours

for name, method in vars(Ours).items():
    theirs = getattr(Theirs, name, None)
    if callable(method) and theirs is not None and name in {"__init__", "close", "flush"} or name.startswith("add_"):
        wanted, taken = inspect.signature(theirs).parameters, inspect.signature(method).parameters
        assert list(taken)[: len(wanted)] == list(wanted), (name, list(taken), list(wanted))
        print(name)
"""
    said = training.run(torch, START + code).splitlines()
    assert {"__init__", "add_scalar", "add_histogram", "add_hparams", "close"} <= set(said)
