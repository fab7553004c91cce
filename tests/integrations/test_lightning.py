"""The Trainer of Lightning leaves runs, in both of its packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integrations.conftest import Training

pytestmark = pytest.mark.timeout(1800)  # the first test installs the libraries

PACKAGES = pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
START = """
import sys
import torch
import trackside
import PACKAGE as pl
from trackside.tracking.integrations import LightningLogger

class Model(pl.LightningModule):
    def __init__(self, width=4, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(width, 1)

    def training_step(self, batch, index):
        loss = (self.layer(batch[0]) - batch[1]).square().mean()
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", (self.layer(batch[0]) - batch[1]).square().mean())

    def test_step(self, batch, index):
        self.log("test_loss", (self.layer(batch[0]) - batch[1]).square().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

torch.manual_seed(0)
rows = torch.rand(32, 4)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows, rows.sum(1, keepdim=True)), batch_size=8)

def trainer(logger, **options):
    return pl.Trainer(**{"max_epochs": 3, "logger": logger, "log_every_n_steps": 1, "accelerator": "cpu", "devices": 1,
                         "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False,
                         **options})
"""


def _program(code: str, package: str = "lightning.pytorch") -> str:
    return START.replace("PACKAGE", package) + code


@PACKAGES
def test_fit_without_a_run_makes_one_and_finishes_it(training: Training, torch: Path, package: str) -> None:
    code = """
logger = LightningLogger("line", tags=["sgd"])
assert isinstance(logger, pl.loggers.Logger)
trainer(logger, enable_checkpointing=True).fit(Model(), data, data)
print([name for name in ("lightning.pytorch", "pytorch_lightning") if name in sys.modules])
"""
    loaded = training.run(torch, _program(code, package)).splitlines()[-1]
    assert loaded == f"['{package}']"
    run = training.only
    assert (run.name, run.status, run.meta["tags"]) == ("line", "completed", ["sgd"])
    assert list(run.curve("loss")) == list(range(12))
    assert list(run.curve("val_loss")) == [3, 7, 11]
    assert [run.config[key] for key in ("width", "lr", "max_epochs")] == [4, 0.1, 3]
    assert run.config["architecture"] == {"class": "Model", "parameters": 5}
    assert run.progress is not None
    assert (run.progress["i"], run.progress["total"]) == (12, 12)
    (checkpoint,) = (run.folder.artifacts / "checkpoints").iterdir()
    assert checkpoint.name == "epoch=2-step=12.ckpt"


def test_a_test_after_the_fit_is_a_result_of_its_run_and_a_second_fit_another_run(
    training: Training, torch: Path
) -> None:
    code = """
logger = LightningLogger()
trainer(logger).fit(Model(), data)
trainer(logger).test(Model(), data, verbose=False)
trainer(logger).fit(Model(lr=0.01), data)
"""
    training.run(torch, _program(code))
    first, second = training.runs
    assert first.summary.keys() == {"test_loss"}
    assert [(run.status, run.config["lr"], len(run.curve("loss"))) for run in (first, second)] == [
        ("completed", 0.1, 12), ("completed", 0.01, 12),
    ]  # fmt: skip


def test_a_test_without_a_fit_is_a_run_for_itself(training: Training, torch: Path) -> None:
    training.run(torch, _program("trainer(LightningLogger()).test(Model(), data, verbose=False)"))
    assert (training.only.status, list(training.only.curve("test_loss"))) == ("completed", [0])


def test_an_open_run_is_joined_and_goes_on(training: Training, torch: Path) -> None:
    code = """
with trackside.init("mine", config={"lr": "mine"}) as run:
    logger = LightningLogger()
    t = trainer(logger)
    t.fit(Model(), data)
    assert run.status == "running" and logger.experiment is run
    t.test(Model(), data, verbose=False)
"""
    training.run(torch, _program(code))
    run = training.only
    assert (run.name, run.status, run.config["lr"], run.config["width"]) == ("mine", "completed", "mine", 4)
    assert len(run.curve("loss")) == 12
    assert len(run.curve("test_loss")) == 1


@PACKAGES
def test_a_fit_that_fails_leaves_a_failed_run_with_the_reason(training: Training, torch: Path, package: str) -> None:
    code = """
class Failing(Model):
    def on_train_epoch_end(self):
        raise ValueError("no more")

try:
    trainer(LightningLogger()).fit(Failing(), data)
except ValueError:
    pass
trainer(LightningLogger()).fit(Model(), data)
"""
    training.run(torch, _program(code, package))
    first, second = training.runs
    assert (first.status, first.meta["reason"]) == ("failed", {"code": "exception", "message": "ValueError: no more"})
    assert (len(first.curve("loss")), second.status, len(second.curve("loss"))) == (4, "completed", 12)


def test_in_a_job_the_run_is_the_jobs_and_its_end_the_runners(training: Training, torch: Path) -> None:
    training.run(torch, _program("trainer(LightningLogger()).fit(Model(), data)"), variables=training.job())
    run = training.only
    assert (run.name, run.status, len(run.curve("loss"))) == ("a job", "running", 12)


@pytest.mark.parametrize(("all_ranks", "keys"), [(False, {"loss"}), (True, {"loss", "rank_1/loss"})])
@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_of_several_processes_the_first_writes_and_the_others_when_asked(
    training: Training, torch: Path, strategy: str, all_ranks: bool, keys: set[str]
) -> None:
    code = f"""
if __name__ == "__main__":
    trainer(LightningLogger(all_ranks={all_ranks}), devices=2, strategy="{strategy}").fit(Model(), data)
"""
    environment = {**training.job(), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    training.run(torch, _program(code), variables=environment)
    run = training.only
    assert {key for record in run.records for key in record if key.endswith("loss")} == keys
    assert all(list(run.curve(key)) == list(range(6)) for key in keys)
