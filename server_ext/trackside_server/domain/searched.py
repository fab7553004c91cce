"""What of a run can be searched for: one text of words, and its values by key. Pure.

A key is ``config.lr``, ``summary.acc`` or ``metric.loss``; nested keys are joined by dots, however they were written
(``opt/lr`` and ``{"opt": {"lr": …}}`` are both ``config.opt.lr``). Texts are kept without regard to case and cut.
Whoever changes what is derived here adds a migration: the store then derives it anew for every run.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping

from trackside.models import MetricFacts
from trackside_server.domain.record import RunRow

__all__ = ["LONGEST_TEXT", "Value", "comparable", "key_of", "numbered", "values_of", "words_of"]

LONGEST_TEXT = 200
"""Characters of a text that are compared; also of a key."""
_MOST_WORDS = 2000
_MOST = {"config": 500, "summary": 200, "metric": 300}
"""Values of one run that are kept, by kind: 1,000 in all."""
_DEEPEST = 32
_NOTHING: tuple[None, None, None, None] = (None, None, None, None)
_SPELT = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


Value = tuple[float | None, str | None, float | None, float | None]
"""One value: a number, a text, or both (a bool); then, of a metric whose last value they are, the least and the greatest."""


def key_of(path: str) -> str:
    """Return a key as it is kept and looked up: ``opt/lr`` is ``opt.lr``."""
    return path.replace("/", ".")[:LONGEST_TEXT]


def comparable(text: str) -> str:
    """Return a text as texts are compared: without regard to case, ``null`` as ``none``, cut."""
    folded = text.casefold()
    return "none" if folded == "null" else folded[:LONGEST_TEXT]


def numbered(text: str) -> float | None:
    """Return the number that a text is, infinities too; None for any other text and for NaN, which equals nothing."""
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def words_of(row: RunRow) -> str:
    """Return id, name and tags of a run, one a line, without regard to case."""
    return "\n".join([row.id, row.name, *row.tags]).casefold()[:_MOST_WORDS]


def values_of(row: RunRow) -> dict[str, Value]:
    """Return the values of a run by key, of each kind as many as are kept; of two of one key the first."""
    found: dict[str, Value] = {}
    for kind, values in (("config", row.config), ("summary", row.summary)):
        if values:
            _gather(found, f"{kind}.", values, len(found) + _MOST[kind], _DEEPEST)
    for name, facts in itertools.islice(row.metrics.items(), _MOST["metric"]):
        found.setdefault(key_of(f"metric.{name}"), _metric(facts))
    return found


def _gather(found: dict[str, Value], before: str, values: Mapping[str, object], room: int, levels: int) -> None:
    """Add the values below this key, nested ones too, until there are ``room``."""
    for key, leaf in values.items():
        if len(found) >= room:
            return
        if isinstance(leaf, dict) and leaf and levels:
            _gather(found, f"{before}{key}.", leaf, room, levels - 1)
        else:
            found.setdefault((before + key).replace("/", ".")[:LONGEST_TEXT], _value(leaf))


def _value(leaf: object) -> Value:
    kind = type(leaf)
    if kind is float or kind is int:
        return _number(leaf)  # type: ignore[arg-type]  # as was just seen
    if kind is bool:
        return float(leaf), str(leaf).lower(), None, None  # type: ignore[arg-type]
    if leaf is None:
        return None, "none", None, None
    if not isinstance(leaf, str):
        begin = leaf[:LONGEST_TEXT] if isinstance(leaf, list) else leaf
        return None, comparable(json.dumps(begin, ensure_ascii=False, default=str)), None, None
    if leaf in _SPELT:
        return _number(_SPELT[leaf])
    return numbered(leaf), comparable(leaf), None, None


def _number(number: float) -> Value:
    if number != number:
        return None, "nan", None, None
    try:
        return float(number), None, None, None
    except OverflowError:  # an integer beyond what a float holds
        return math.inf if number > 0 else -math.inf, None, None, None


def _metric(facts: MetricFacts) -> Value:
    last = _value(facts.last) if facts.last is not None else _NOTHING
    return last[0], last[1], facts.min, facts.max
