"""Keras 3: ``model.fit(..., callbacks=[KerasCallback()])``, on each of its backends."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from trackside.tracking.integrations.attachment import Attachment
from trackside.tracking.integrations.hyperparameters import parameters
from trackside.tracking.integrations.ranks import tensorflow_rank

__all__ = ["KerasCallback"]


class KerasCallback(keras.callbacks.Callback):
    """Logs the results of each epoch, by its number from 0, into the open run, else into one of its own.

    With ``every=N`` it also logs each Nth batch, under ``batch/``, and all steps are batches from the beginning. An own
    run begins and ends with ``fit()``. What ``evaluate()`` finds with this callback goes to the summary, under
    ``test_``. Of several processes only the first writes, unless ``all_ranks``: then the others put ``rank_1/`` and so
    on before their keys.
    """

    def __init__(
        self, name: str | None = None, tags: Sequence[str] = (), *, every: int | None = None, all_ranks: bool = False
    ) -> None:
        super().__init__()
        self._attachment = Attachment("KerasCallback", name=name, tags=tags)
        self._every, self._all_ranks = every, all_ranks
        self._trains = self._writes = False
        self._epoch = self._before = self._batches = 0
        # Keras calls what is safe from several threads, in no order: the ends of batches that we do nothing at.
        self.async_safe = every is None

    @property
    def run(self) -> Any:
        """The run that is written to, None before it begins."""
        return self._attachment.run

    @property
    def dropped(self) -> int:
        """The number of values that a run cannot hold."""
        return self._attachment.dropped

    def on_train_begin(self, logs: Mapping[str, object] | None = None) -> None:
        """Take or make the run, and describe the training in it."""
        self._look_at_rank()
        self._trains, self._epoch, self._before, self._batches = True, 0, 0, 0
        if self._writes:
            self._attachment.begin(config=_config(self.params or {}, self.model))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, object] | None = None) -> None:
        """Note which epoch it is."""
        self._epoch, self._before = epoch, self._batches

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, object] | None = None) -> None:
        """Show how far the training is: here nothing waits for the values of a batch."""
        self._show_progress(self._epoch, batch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, object] | None = None) -> None:
        """Log each Nth batch if asked to."""
        if self._every is None:
            return
        before, self._batches = self._batches, self._before + batch + 1  # Keras may take several at a time
        if self._writes and logs and self._batches // self._every > before // self._every:
            self._attachment.log({f"batch/{key}": value for key, value in logs.items()}, self._batches)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, object] | None = None) -> None:
        """Log the results of the epoch and the rate that the optimizer learns with."""
        if not self._writes:
            return
        values = {"epoch": epoch, **(logs or {})}
        if "learning_rate" not in values:
            values |= _learning_rate(self.model)
        self._attachment.log(values, epoch if self._every is None else self._batches)
        self._show_progress(epoch + 1, 0)

    def _show_progress(self, epoch: int, batch: int) -> None:
        params = self.params or {}
        epochs, steps = params.get("epochs"), params.get("steps")
        if not self._writes or not epochs:
            return
        if steps:
            self._attachment.progress(epoch * steps + batch, epochs * steps)
        elif batch == 0:
            self._attachment.progress(epoch, epochs)

    def on_test_end(self, logs: Mapping[str, object] | None = None) -> None:
        """Keep what ``evaluate()`` found; within ``fit()`` the epoch has it."""
        if self._trains:
            return
        self._look_at_rank()
        if self._writes and logs:
            self._attachment.look()
            self._attachment.summary({f"test_{key}": value for key, value in logs.items()})
            self._attachment.end()

    def on_train_end(self, logs: Mapping[str, object] | None = None) -> None:
        """End an own run."""
        self._trains = False
        if self._writes:
            self._attachment.end()

    def _look_at_rank(self) -> None:
        rank = _rank()
        if rank and self._all_ranks:
            self._attachment.prefix = f"rank_{rank}/"
        self._writes = self._all_ranks or rank == 0


def _rank() -> int:
    """Return the number of this process among those that train together."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return int(jax.process_index())
    if backend == "torch":
        distributed = sys.modules["torch"].distributed
        return int(distributed.get_rank()) if distributed.is_available() and distributed.is_initialized() else 0
    return tensorflow_rank(os.environ.get("TF_CONFIG", ""))


def _config(params: Mapping[str, Any], model: Any) -> dict[str, object]:
    optimizer = getattr(model, "optimizer", None)
    loss = getattr(model, "loss", None)
    config = {
        "epochs": params.get("epochs"),
        "steps_per_epoch": params.get("steps"),
        "loss": loss if isinstance(loss, str) else getattr(loss, "name", None),
        "architecture": {"class": type(model).__name__, "name": model.name, "parameters": parameters(model)},
    }
    if optimizer is not None:
        config["optimizer"] = {key: value for key, value in optimizer.get_config().items() if value is not None}
    return config


def _learning_rate(model: Any) -> dict[str, object]:
    try:
        return {"learning_rate": float(model.optimizer.learning_rate)}
    except (AttributeError, TypeError, ValueError):
        return {}
