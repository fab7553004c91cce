"""LightGBM: ``lightgbm.train(..., callbacks=[LightGBMCallback()])``, also for its scikit-learn classes and ``cv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trackside.tracking.ending import COMPLETED, Outcome
from trackside.tracking.integrations.attachment import Attachment, stopped_early
from trackside.tracking.integrations.ranks import machine_rank
from trackside.tracking.run import Run

__all__ = ["LightGBMCallback"]


class LightGBMCallback:
    """Logs the metrics of each round as ``valid_0/l2`` into the open run, else into one of its own.

    LightGBM tells callbacks nothing of a training that stopped early: then an own run ends when the callback goes away,
    as it does with the call of ``train`` that it was made in, with its next training, or with ``finish()``. Of several
    machines only the first writes, unless ``all_ranks``: then the others put ``rank_1/`` and so on before their keys.
    """

    order = 20
    """After LightGBM has evaluated and shown a round, and before early stopping (30) leaves the loop."""
    before_iteration = False

    def __init__(self, name: str | None = None, tags: Sequence[str] = (), *, all_ranks: bool = False) -> None:
        self._ending = _Ending()
        self._attachment = Attachment("LightGBMCallback", name=name, tags=tags, forgotten=self._ending)
        self._all_ranks = all_ranks

    @property
    def run(self) -> Any:
        """The run that is written to, None before it begins."""
        return self._attachment.run

    @property
    def dropped(self) -> int:
        """The number of values that a run cannot hold."""
        return self._attachment.dropped

    def __call__(self, env: Any) -> None:
        """Log one round; with the last one, end an own run."""
        rank = machine_rank(env.params)
        if rank and not self._all_ranks:
            return
        if env.iteration == env.begin_iteration:
            self._attachment.prefix = f"rank_{rank}/" if rank else ""
            self._begin(env)
        self._attachment.log(_values(env.evaluation_result_list or ()), env.iteration)
        self._attachment.progress(env.iteration + 1 - env.begin_iteration, env.end_iteration - env.begin_iteration)
        if env.iteration == env.end_iteration - 1:
            self._ending.watch(None)
            self._attachment.end()

    def finish(self) -> None:
        """End an own run after a training that stopped early."""
        if self._attachment.own and self._attachment.is_open:
            self._attachment.end(self._ending(self._attachment.need()))

    def _begin(self, env: Any) -> None:
        self.finish()
        self._ending.watch(env.model)
        rounds = env.end_iteration - env.begin_iteration
        self._attachment.begin(config={"num_iterations": rounds, **_config(env.params)})


class _Ending:
    """How a training ended of which the callback saw no last round: LightGBM notes early stopping in the model."""

    def __init__(self) -> None:
        self._model: Any = None

    def __getstate__(self) -> dict[str, object]:
        return {"_model": None}

    def watch(self, model: Any) -> None:
        self._model = model

    def __call__(self, run: Run) -> Outcome:
        model, self._model = self._model, None
        best = getattr(model, "best_iteration", 0)
        if not best or best <= 0:
            return stopped_early(run)
        score = getattr(model, "best_score", None)  # a model of cross-validation answers to any name
        run.summary({"best_iteration": best} | ({"best_score": score} if isinstance(score, Mapping) else {}))
        return COMPLETED


def _values(results: Sequence[Sequence[Any]]) -> dict[str, object]:
    """Return what was evaluated as ``data/metric``; of a cross-validation the mean and the deviation of the folds."""
    values: dict[str, object] = {}
    for data, metric, score, _, *deviation in results:
        if data == "cv_agg":  # the data stands before the metric
            data, _, metric = metric.partition(" ")
        if deviation:
            values |= {f"{data}/{metric}-mean": score, f"{data}/{metric}-std": deviation[0]}
        else:
            values[f"{data}/{metric}"] = score
    return values


def _config(params: Mapping[str, Any]) -> dict[str, object]:
    return {key: value for key, value in params.items() if not callable(value)}
