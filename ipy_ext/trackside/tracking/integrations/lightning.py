"""Lightning: ``Trainer(logger=LightningLogger())``, for the packages ``lightning`` and ``pytorch_lightning``."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from trackside.errors import InvalidInput
from trackside.tracking.ending import COMPLETED, Outcome, of_exception
from trackside.tracking.integrations.attachment import Attachment, stopped_early
from trackside.tracking.integrations.hyperparameters import parameters
from trackside.tracking.values import fields_of

__all__ = ["LightningLogger"]

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")
_TELLING = ("max_epochs", "max_steps", "precision", "accumulate_grad_batches", "gradient_clip_val", "world_size")


def _bases() -> tuple[Any, ...]:
    """Return the base class of each of the two packages that is loaded; of the one that is installed if none is."""
    loaded = [name for name in _PACKAGES if name in sys.modules]
    if not loaded:
        loaded = [next((name for name in _PACKAGES if find_spec(name.partition(".")[0])), _PACKAGES[0])]
    return tuple(import_module(f"{name}.loggers.logger").Logger for name in loaded)


_Logger: Any = type("_Logger", _bases(), {})


class LightningLogger(_Logger):
    """Logs what a module logs with ``self.log`` into the open run, else into one of its own for each ``fit``.

    ``logger.experiment`` is the run. Checkpoints lie in its ``artifacts/checkpoints`` unless the Trainer is told
    another place. What is logged after an own run has ended, as by ``trainer.test()``, goes to its summary. Of several
    processes only the first writes, unless ``all_ranks``: then the others put ``rank_1/`` and so on before their keys.
    """

    def __init__(self, name: str | None = None, tags: Sequence[str] = (), *, all_ranks: bool = False) -> None:
        super().__init__()
        self._attachment = Attachment("LightningLogger", name=name, tags=tags)
        self._all_ranks = all_ranks
        self._waiting: dict[str, object] = {}
        """Hyperparameters that were told before there was a run."""
        self._trainer: weakref.ref[Any] | None = None

    def __getstate__(self) -> dict[str, object]:
        """A process that Lightning spawns gets the logger without what belongs to this one."""
        return self.__dict__ | {"_trainer": None}

    @property
    def name(self) -> str:
        """Empty, as is ``version``: Lightning builds the place of checkpoints of them, below ``save_dir``."""
        return ""

    @property
    def version(self) -> str:
        """Empty; the id of the run is ``experiment.run_id``."""
        return ""

    @property
    def save_dir(self) -> str | None:
        """The folder ``artifacts`` of the run, where Lightning puts checkpoints; None where this process writes none."""
        return str(self._run().run_dir / "artifacts") if self._writes() else None

    @property
    def experiment(self) -> Any:
        """The run; in processes that do not write, something that takes every call and does nothing."""
        return self._run() if self._writes() else import_module(_Logger.__mro__[1].__module__).DummyExperiment()

    @property
    def dropped(self) -> int:
        """The number of values that a run cannot hold."""
        return self._attachment.dropped

    def log_hyperparams(self, params: object, *others: Any, **more: Any) -> None:
        """Add hyperparameters to the run's configuration. Raises InvalidInput for what has no fields."""
        if not self._writes() or params is None:
            return
        fields = fields_of(params)
        if fields is None:
            raise InvalidInput(
                f"A {type(params).__name__} has no hyperparameters.", hint="Give a dict, a dataclass or vars(args)."
            )
        if self._attachment.is_open:
            self._attachment.configure(fields)
        else:
            self._waiting.update(fields)

    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """Begin the run of a ``fit``: Lightning calls this first and gives the model, which knows its trainer."""
        trainer = getattr(model, "_trainer", None)
        self._trainer = None if trainer is None else weakref.ref(trainer)
        if not self._writes():
            return
        fits = trainer is not None and str(getattr(trainer.state.fn, "value", "")) == "fit"
        if fits and not self._attachment.is_open:
            self._begin()
        if fits:
            self._attachment.configure(_config(trainer, model))

    def log_metrics(self, metrics: Mapping[str, object], step: int | None = None) -> None:
        """Log what is a number; after the end of an own run, as its results."""
        if not self._writes():
            return
        self._run()
        if self._attachment.is_late:
            self._attachment.summary({key: value for key, value in metrics.items() if key != "epoch"})
            return
        self._attachment.log(metrics, step)
        self._show_progress()

    def finalize(self, status: str) -> None:
        """End an own run as Lightning says: ``success``, ``finished`` or ``failed``."""
        if self._writes() and self._attachment.is_open:
            self._attachment.end(_outcome(status))
        self._waiting = {}

    def _writes(self) -> bool:
        from lightning_utilities.core.rank_zero import rank_zero_only

        rank = getattr(rank_zero_only, "rank", 0) or 0
        if rank and self._all_ranks:
            self._attachment.prefix = f"rank_{rank}/"
        return self._all_ranks or rank == 0

    def _run(self) -> Any:
        if self._attachment.run is None:
            return self._begin()
        self._attachment.look()
        return self._attachment.run

    def _begin(self) -> Any:
        waiting, self._waiting = self._waiting, {}
        return self._attachment.begin(config=waiting)

    def _show_progress(self) -> None:
        trainer = None if self._trainer is None else self._trainer()
        if trainer is not None and trainer.training:
            total = trainer.estimated_stepping_batches
            self._attachment.progress(trainer.global_step, total if total < float("inf") else None)


def _outcome(status: str) -> Outcome:
    error = sys.exc_info()[1]
    if status in {"success", "finished"}:
        return COMPLETED
    return stopped_early() if error is None else of_exception(type(error), error)


def _config(trainer: Any, model: Any) -> dict[str, object]:
    told = {name: getattr(trainer, name, None) for name in _TELLING}
    return {**told, "architecture": {"class": type(model).__name__, "parameters": parameters(model)}}
