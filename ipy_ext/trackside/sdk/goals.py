"""Whether less or more of a metric is better, by its name; the panels in the browser judge alike (`model/groups.ts`). Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal

__all__ = ["Goal", "best", "goal"]

Goal = Literal["min", "max"]

_LESS = "loss|nll|err|error|mse|rmse|mae|mape|ppl|perplexity|wer|cer|fid|kl|brier"
_MORE = "acc|accuracy|auc|auroc|f1|iou|miou|map|ap|precision|recall|score|reward|return|bleu|rouge|r2|psnr|ssim|dice|top1|top5"
_WORD = r"(?:^|[^a-z])(?:{})(?:[^a-z]|$)"
_IS_LESS = re.compile(_WORD.format(_LESS), re.IGNORECASE)
_IS_MORE = re.compile(_WORD.format(_MORE), re.IGNORECASE)


def goal(key: str) -> Goal | None:
    """Return ``"min"`` for a loss or an error, ``"max"`` for an accuracy or a score, None when the name does not say."""
    return "min" if _IS_LESS.search(key) else "max" if _IS_MORE.search(key) else None


def best(values: Sequence[float | None], towards: Goal) -> int | None:
    """Return the place of the best finite value, of equal ones the first; None when there is none."""
    real = [(value, place) for place, value in enumerate(values) if value is not None and math.isfinite(value)]
    if not real:
        return None
    return (min(real) if towards == "min" else max(real, key=lambda each: (each[0], -each[1])))[1]
