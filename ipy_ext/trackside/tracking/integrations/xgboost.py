"""XGBoost: ``xgboost.train(..., callbacks=[XGBoostCallback()])``, also for its scikit-learn classes and ``cv``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import xgboost

from trackside.tracking.integrations.attachment import Attachment

__all__ = ["XGBoostCallback"]

_PARTS = ("tree_train_param", "linear_train_param", "dart_train_param", "gbtree_model_param", "gbtree_train_param")


class XGBoostCallback(xgboost.callback.TrainingCallback):
    """Logs the metrics of each round as ``validation/rmse`` into the open run, else into one of its own.

    ``cv`` gives ``test/rmse-mean`` and ``test/rmse-std``. XGBoost does not tell callbacks how many rounds there will be:
    with ``rounds`` the progress is shown too. Of several workers only the first writes, unless ``all_ranks``: then the
    others put ``rank_1/`` and so on before their keys.
    """

    def __init__(
        self,
        name: str | None = None,
        tags: Sequence[str] = (),
        *,
        rounds: int | None = None,
        all_ranks: bool = False,
    ) -> None:
        super().__init__()
        self._attachment = Attachment("XGBoostCallback", name=name, tags=tags)
        self._rounds, self._all_ranks = rounds, all_ranks
        self._writes = True
        self._history: Mapping[str, Mapping[str, Sequence[Any]]] = {}
        self._seen = self._first = 0

    @property
    def run(self) -> Any:
        """The run that is written to, None before it begins."""
        return self._attachment.run

    @property
    def dropped(self) -> int:
        """The number of values that a run cannot hold."""
        return self._attachment.dropped

    def before_training(self, model: Any) -> Any:
        """Take or make the run, and describe the training in it."""
        rank = xgboost.collective.get_rank()
        self._attachment.prefix = f"rank_{rank}/" if rank else ""
        self._writes = self._all_ranks or rank == 0
        self._history, self._seen = {}, 0
        config = _config(model)
        self._first = _rounds_of(model, config)
        if self._writes:
            self._attachment.begin(config=config)
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Log the metrics of one round; never ask to stop."""
        self._history = evals_log
        if self._writes:
            self._catch_up()
            if self._rounds:
                self._attachment.progress(epoch + 1, self._rounds)
        return False

    def after_training(self, model: Any) -> Any:
        """Keep what was best, and end an own run."""
        if self._writes:
            self._catch_up()  # a callback before us that stopped the training kept its last round from us
            self._attachment.summary(_best(model))
            self._attachment.end()
        self._history = {}
        return model

    def _catch_up(self) -> None:
        """Log the rounds of the history that are not logged yet."""
        curves = {f"{data}/{name}": curve for data, found in self._history.items() for name, curve in found.items()}
        length = max(map(len, curves.values()), default=0)
        for place in range(self._seen, length):
            values: dict[str, object] = {}
            for key, curve in curves.items():
                if place < len(curve):
                    values |= _values(key, curve[place])
            self._attachment.log(values, self._first + place)
        self._seen = max(self._seen, length)


def _values(key: str, score: Any) -> dict[str, object]:
    """Return one score under its key; of a cross-validation it is a mean and a deviation."""
    return {f"{key}-mean": score[0], f"{key}-std": score[1]} if isinstance(score, tuple) else {key: score}


def _rounds_of(model: Any, config: Mapping[str, object]) -> int:
    """Return the number of rounds that a model has already: a training may go on from there."""
    counts = isinstance(model, xgboost.Booster) and config["booster"] != "gblinear"
    return int(model.num_boosted_rounds()) if counts else 0


def _config(model: Any) -> dict[str, object]:
    """Return the parameters of a booster, by the names under which they are given."""
    if not isinstance(model, xgboost.Booster):
        model = model.cvfolds[0].bst
    learner = json.loads(model.save_config())["learner"]
    booster = learner.get("gradient_booster", {})
    config: dict[str, object] = {"objective": learner.get("objective", {}).get("name"), "booster": booster.get("name")}
    for level in (booster.get("gbtree", {}), booster):  # dart keeps its trees' parameters one level deeper
        for part in _PARTS:
            config |= {key: _number(value) for key, value in level.get(part, {}).items()}
    generic = learner.get("generic_param", {})
    return config | {key: _number(generic[key]) for key in ("device", "seed") if key in generic}


def _number(text: object) -> object:
    """Return the number that a text of XGBoost stands for, without the digits that 32 bits do not hold."""
    try:
        number = float(f"{float(str(text)):.6g}")
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _best(model: Any) -> dict[str, object]:
    """Return what early stopping noted."""
    attributes = model.attributes() if isinstance(model, xgboost.Booster) else {}
    return {key: _number(attributes[key]) for key in ("best_iteration", "best_score") if key in attributes}
