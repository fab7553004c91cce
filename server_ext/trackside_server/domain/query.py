"""The language in which runs are asked for: ``tag:baseline status:failed config.lr<0.01 loss.min<0.3 since:7d text``.

Every word must hold; ``-`` in front of one turns it round; quotes keep spaces together.

=============================  ======================================================================================
``text``                       stands in the name, the id or a tag, whatever the case
``tag:x``  ``status:a,b``      has this tag (``*`` stands for anything); has one of these statuses
``name:x*``                    is called so, whatever the case; ``*`` stands for anything
``since:7d``  ``until:…``      was begun in this time: ``12h``, ``2w``, ``today``, ``2026-11-22``, ``2026-11-22T18:30``
``config.lr<0.01``             a setting; also ``summary.acc>=0.9``. ``< <= > >=`` compare numbers, ``= !=`` also texts
``config.model:res``           the text of a setting or summary value contains this
``loss.min<0.3``               a metric: ``.last``, ``.min`` or ``.max``; ``loss<0.3`` is its last value, ``loss=nan`` also
=============================  ======================================================================================

Metrics of runs that go on are those logged so far. Nested keys are written with dots or slashes. ``config.lr!=0.1`` holds for runs that have another value, ``-config.lr=0.1``
also for those that have none. Pure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from trackside.errors import InvalidInput, near
from trackside.models import STATUSES, Status
from trackside.models.units import parse_duration, shortened
from trackside_server.domain.searched import comparable, key_of, numbered

__all__ = [
    "Began",
    "Compares",
    "Condition",
    "HasStatus",
    "Mentions",
    "Named",
    "Operator",
    "Query",
    "Tagged",
    "Term",
    "asks_metrics",
    "parse",
    "parse_statuses",
]

Operator = Literal["<", "<=", ">", ">=", "=", "!=", ":"]
Part = Literal["last", "min", "max"]
_LONGEST = 10_000
_MOST_TERMS = 64
_HINT = "Put it in quotes to search for it as it stands."
_NOT_WORDS = {
    "and": "Leave it out: every word must hold.",
    "or": "There is no or: ask twice, or status:failed,cancelled, tag:lr-*.",
    "not": "Put - in front of the word that must not hold: -tag:x.",
}
_SPELT_AS = {"&&": "and", "||": "or"}
_WORD = re.compile(
    r"""\s*(?P<minus>-(?=\S))?
        (?:(?P<field>[^\s"'<>=!:]+)(?:(?P<colon>:)|\s*(?P<op><=|>=|!=|==|[<>=])\s*))?
        (?:"(?P<double>[^"]*)"(?=\s|$)|'(?P<single>[^']*)'(?=\s|$)|(?P<bare>\S*))""",
    re.VERBOSE,
)
_PARTS: tuple[Part, ...] = ("last", "min", "max")
_ORDERS = ("<", "<=", ">", ">=")
_FIELDS = ("tag", "status", "name", "since", "until")
_KINDS = ("config", "summary")
_WEEKS = re.compile(r"([0-9]{1,4})w", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_SPAN = re.compile(r"[0-9.]+ *[a-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mentions:
    """The text stands in the run's name, its id or one of its tags; it is without regard to case."""

    text: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """The run has a tag like this; ``*`` stands for anything."""

    tag: str


@dataclass(frozen=True, slots=True)
class HasStatus:
    """The run has one of these statuses."""

    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The run is called like this; ``*`` stands for anything."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Began:
    """The run was begun at or after ``since`` and before ``until``; UTC, None where there is no bound."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Compares:
    """The value of a key, of a metric the part named, stands so to a number, a text, or either."""

    key: str
    part: Part
    operator: Operator
    number: float | None
    text: str | None


Condition = Mentions | Tagged | HasStatus | Named | Began | Compares


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: a condition that must hold, or must not."""

    condition: Condition
    negated: bool = False


Query = tuple[Term, ...]


def parse(text: str, now: datetime) -> Query:
    """Return what a query asks for, word by word; an empty one asks for every run.

    ``now`` is aware; days without an offset are those of this machine. Raises ``InvalidInput`` that names the word
    which cannot be read and the near ones that can.
    """
    if len(text) > _LONGEST:
        raise InvalidInput(f"The query has {len(text)} characters.", hint=f"Ask with at most {_LONGEST}.")
    text, terms, position = text.strip(), [], 0
    while position < len(text):
        word = _WORD.match(text, position)
        assert word is not None  # every part of it may be empty
        terms.append(_term(word, now))
        position = word.end()
    if len(terms) > _MOST_TERMS:
        raise InvalidInput(f"The query has {len(terms)} words.", hint=f"Ask with at most {_MOST_TERMS}.")
    return tuple(terms)


def asks_metrics(query: Query) -> bool:
    """Whether a query can be answered only where the metrics of runs are known."""
    return any(isinstance(term.condition, Compares) and term.condition.key.startswith("metric.") for term in query)


def _term(word: re.Match[str], now: datetime) -> Term:
    said, negated = word[0].strip(), word["minus"] is not None
    quoted = word["double"] if word["double"] is not None else word["single"]
    value = word["bare"] if quoted is None else quoted
    if quoted is None and value[:1] in ('"', "'"):
        raise InvalidInput(f"A quotation mark in {shortened(said)} is not closed, or text follows it at once.")
    if quoted is None and value[:1] in ("<", ">", "="):
        raise InvalidInput(f"{shortened(said)} is no comparison.", hint=f"Write config.lr<0.01 or loss>=0.3. {_HINT}")
    field = word["field"]
    if field is None:
        if quoted is None:
            _refuse_connective(value, follows=word.end() < len(word.string))
        return Term(Mentions(value.casefold()), negated)
    operator = _operator(word["colon"] or word["op"])
    if not value:
        raise InvalidInput(
            f"{shortened(said)} has nothing behind it to look for.", hint=f"Write {field}{operator}value."
        )
    if field in _FIELDS:
        if operator not in (":", "=", "!="):
            raise InvalidInput(f"{field} cannot be compared by {operator}.", hint=f"Write {field}:{value}.")
        return Term(_READ[field](value, now), negated != (operator == "!="))
    return Term(_compares(field, operator, value, said), negated)


def _refuse_connective(said: str, *, follows: bool) -> None:
    """Raise ``InvalidInput`` for the words by which other languages join and turn round.

    In small letters and last, it is still a text: somebody may be typing ``oracle``.
    """
    meant = said.casefold()
    hint = _NOT_WORDS.get(_SPELT_AS.get(meant, meant))
    if hint is not None and (follows or said != meant):
        raise InvalidInput(f"{said!r} is no word of a query.", hint=f"{hint} {_HINT}")


def _operator(said: str) -> Operator:
    return "=" if said == "==" else said  # type: ignore[return-value]  # one of those that the pattern takes


def _compares(field: str, operator: Operator, value: str, said: str) -> Compares:
    kind, _, path = key_of(field).partition(".")
    number = numbered(value)
    if operator in _ORDERS and number is None:
        hint = "Write a number, or = for a text."
        raise InvalidInput(f"{operator} in {shortened(said)} compares numbers; {shortened(value)} is none.", hint=hint)
    if kind in _KINDS:
        if not path:
            raise InvalidInput(f"{shortened(said)} names no key.", hint=f"Write {kind}.KEY{operator}{value}.")
        return Compares(f"{kind}.{path}", "last", operator, number, comparable(value))
    _refuse_misspelt(field, kind, path, operator, value, said)
    name, part = _of_metric(key_of(field))
    if operator == ":" or (number is None and value.casefold() != "nan"):
        raise InvalidInput(
            f"{shortened(said)}: {field!r} would be a metric, and {shortened(value)} is no number.",
            hint=f"Settings are written config.{field}{operator}{value}. {_HINT}",
        )
    return Compares(f"metric.{name}", part, operator, number, None if number is not None else "nan")


def _refuse_misspelt(field: str, kind: str, path: str, operator: Operator, value: str, said: str) -> None:
    """Raise ``InvalidInput`` for what is nearly a field, or can be nothing else with its colon."""
    if path and difflib.get_close_matches(kind, _KINDS, n=1, cutoff=0.8):
        raise InvalidInput(f"{shortened(said)}: {kind}. is not known.", hint=near(kind, _KINDS))
    if operator == ":" or numbered(value) is None:
        known = near(field, _FIELDS)
        if known or operator == ":":
            hint = known or f"Known: {', '.join(f'{each}:' for each in _FIELDS)}, config.KEY, summary.KEY. {_HINT}"
            raise InvalidInput(f"{shortened(said)}: {field}{operator} is not known.", hint=hint)


def _of_metric(key: str) -> tuple[str, Part]:
    name, _, last = key.rpartition(".")
    part = next((part for part in _PARTS if part == last), None) if name else None
    return (name, part) if part is not None else (key, "last")


def parse_statuses(text: str) -> tuple[Status, ...]:
    """Return the statuses that ``"running,pending"`` names; ``InvalidInput`` for a word that is none."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    for word in named or [text]:
        if word not in STATUSES:
            hint = near(word, STATUSES) or f"Known: {', '.join(STATUSES)}."
            raise InvalidInput(f"status: {shortened(word)} is not known.", hint=hint)
    return tuple(dict.fromkeys(status for word in named for status in STATUSES if status == word))


def _since(value: str, now: datetime) -> Condition:
    return Began(since=_moment("since", value, now, timedelta()))


def _until(value: str, now: datetime) -> Condition:
    return Began(until=_moment("until", value, now, timedelta(days=1)))


def _moment(field: str, value: str, now: datetime, whole_day: timedelta) -> datetime:
    """The moment that this names: so long before now, or a date and time; ``whole_day`` is added to a day alone."""
    weeks = _WEEKS.fullmatch(value)
    if weeks is not None:
        return now - timedelta(weeks=int(weeks[1]))
    if _SPAN.match(value):
        return now - timedelta(seconds=parse_duration(value, field=field))
    days_ago = {"today": 0, "yesterday": 1}.get(value.lower())
    try:
        if days_ago is not None:
            midnight = now.astimezone().replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
            return (midnight - timedelta(days=days_ago) + whole_day).astimezone(UTC)
        moment = datetime.fromisoformat(value)
        return (moment + (whole_day if _DAY.fullmatch(value) else timedelta())).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(
            f"{field}: {shortened(value)} is not a time.",
            hint=f"Write {field}:7d, {field}:12h, {field}:today or {field}:2026-11-22.",
        ) from None


_READ: Mapping[str, Callable[[str, datetime], Condition]] = {
    "tag": lambda value, now: Tagged(value),
    "status": lambda value, now: HasStatus(parse_statuses(value)),
    "name": lambda value, now: Named(value),
    "since": _since,
    "until": _until,
}
