"""Hugging Face: ``Trainer(..., callbacks=[HuggingFaceCallback()])`` tracks a training of ``transformers``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import TrainerCallback

from trackside.tracking.integrations.attachment import Attachment
from trackside.tracking.integrations.hyperparameters import parameters

__all__ = ["HuggingFaceCallback"]

_TELLING = frozenset({
    "learning_rate", "per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs", "weight_decay",
    "lr_scheduler_type", "warmup_steps", "optim", "max_grad_norm", "seed",
})  # fmt: skip
"""Arguments that are kept also where they have their defaults; of the others only what was changed is."""
_PLACES = frozenset({"output_dir", "logging_dir", "run_name", "report_to", "disable_tqdm", "local_rank"})


class HuggingFaceCallback(TrainerCallback):
    """Logs what the ``Trainer`` logs, by its global step, into the open run, else into one of its own.

    An own run begins and ends with ``train()``. What is evaluated after it goes to its summary; an evaluation
    without a training is a run for itself. Of several processes only the first writes, unless ``all_ranks``: then
    the others put ``rank_1/`` and so on before their keys.
    """

    def __init__(self, name: str | None = None, tags: Sequence[str] = (), *, all_ranks: bool = False) -> None:
        self._attachment = Attachment("HuggingFaceCallback", name=name, tags=tags)
        self._all_ranks = all_ranks
        self._trains = False

    @property
    def run(self) -> Any:
        """The run that is written to, None before it begins."""
        return self._attachment.run

    @property
    def dropped(self) -> int:
        """The number of values that a run cannot hold."""
        return self._attachment.dropped

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Take or make the run, and describe the training in it."""
        if self._writes(args, state):
            self._trains = True
            name = getattr(args, "run_name", None)
            self._attachment.begin(name if name != args.output_dir else None, _config(args, state, model))

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Show how far the training is."""
        if self._writes(args, state):
            self._attachment.progress(state.global_step, state.max_steps)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, object] | None = None, **others: Any
    ) -> None:
        """Log what the Trainer logs; the last record of a training is its result too."""
        if not logs or not self._writes(args, state):
            return
        self._attachment.look()
        if self._attachment.is_late:
            self._attachment.summary({key: value for key, value in logs.items() if key != "epoch"})
            return
        self._attachment.log(logs, state.global_step)
        if "train_runtime" in logs or not self._trains:
            self._attachment.summary({key: value for key, value in logs.items() if key != "epoch"})

    def on_evaluate(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """End the run of an evaluation for itself."""
        if self._writes(args, state) and not self._trains:
            self._attachment.end()

    def on_predict(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, object] | None = None, **others: Any
    ) -> None:
        """Keep the metrics of a prediction as results."""
        if metrics and self._writes(args, state):
            self._attachment.look()
            self._attachment.summary(metrics)
            if not self._trains:
                self._attachment.end()

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Keep what was best, and end an own run."""
        if self._writes(args, state):
            best = {"best_metric": state.best_metric, "best_model_checkpoint": state.best_model_checkpoint}
            self._attachment.summary({key: value for key, value in best.items() if value is not None})
            self._attachment.end()
            self._trains = False

    def _writes(self, args: Any, state: Any) -> bool:
        if state.is_world_process_zero:
            return True
        if self._all_ranks:
            self._attachment.prefix = f"rank_{args.process_index}/"
        return self._all_ranks


def _config(args: Any, state: Any, model: Any) -> dict[str, object]:
    config: dict[str, object] = {"max_steps": state.max_steps}
    for field in dataclasses.fields(args):
        value = getattr(args, field.name, None)
        if field.name in _TELLING or (field.name not in _PLACES and value != _default(field)):
            config.setdefault(field.name, value)
    if model is not None:
        config["architecture"] = _architecture(model)
    return config


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _architecture(model: Any) -> dict[str, object]:
    told: dict[str, object] = getattr(getattr(model, "config", None), "to_diff_dict", dict)()
    kept = {key: value for key, value in told.items() if key not in {"transformers_version", "architectures"}}
    return {"class": type(model).__name__, "parameters": parameters(model), **kept}
