"""A query as SQL: the newest runs that fit it.

Runs with their words, those of one status, those with one tag, and the values of each key lie in the order of the list. So
one of them is walked, newest first, until the page is full; what else is asked for is looked up at each step, beside the
place looked up before. Nothing is sorted. Which one is walked is tried out: the one whose fiftieth match lies farthest back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    tuple_,
)

from trackside.models import FINAL, STATUSES
from trackside_server.domain.query import Began, Compares, Condition, HasStatus, Mentions, Named, Query, Tagged, Term
from trackside_server.store.rows import to_micros
from trackside_server.store.schema import run_tags, run_values, runs

__all__ = ["count", "newest"]

_Test = ColumnElement[bool]
_Place = tuple[int, str]
_PARTS = {"last": "number", "min": "low", "max": "high"}
_TRIED = 50


def newest(
    connection: Connection, query: Query, *, before: _Place | None, limit: int, offset: int = 0
) -> list[tuple[int, str, str]]:
    """Return time, id and facts of the newest runs that fit, of those after ``before``, newest first.

    ``offset`` of them are passed over: each costs a step of the walk, none is read.
    """
    page = _fitting(connection, query, before).limit(limit).offset(offset).subquery()
    found = select(page.c.at, page.c.id, runs.c.facts).join_from(page, runs, runs.c.id == page.c.id)
    return sorted(((at, run_id, facts) for at, run_id, facts in connection.execute(found)), reverse=True)


def count(connection: Connection, query: Query) -> int:
    """Return how many runs fit."""
    fitting = _fitting(connection, query, None).order_by(None).subquery()
    return connection.execute(select(func.count()).select_from(fitting)).scalar() or 0


def _fitting(connection: Connection, query: Query, before: _Place | None) -> Select[int, str]:
    query = tuple(dict.fromkeys(map(_positive, query)))
    walk = _chosen(connection, _walks(query), before)
    return walk.steps(before, *(walk.test(term) for term in query if term not in walk.terms))


def _positive(term: Term) -> Term:
    """Return not these statuses as the others: of those, runs are walked."""
    condition = term.condition
    if not term.negated or not isinstance(condition, HasStatus):
        return term
    return Term(HasStatus(tuple(status for status in STATUSES if status not in condition.statuses)))


def _chosen(connection: Connection, walks: Sequence[_Walk], before: _Place | None) -> _Walk:
    """Return the walk on which the matches lie farthest apart, at once one that has but a few."""
    if len(walks) == 1:
        return walks[0]
    lasts: list[tuple[int, _Walk]] = []
    for walk in walks:
        last = connection.execute(walk.steps(before).offset(_TRIED).limit(1)).first()
        if last is None:
            return walk
        lasts.append((last.at, walk))
    return min(lasts, key=lambda each: each[0])[1]


def _walks(query: Query) -> list[_Walk]:
    """Return the ways to walk, those that are quickly tried out first."""
    given = [term for term in query if not term.negated]
    bounds = [term for term in query if isinstance(term.condition, Began)]
    walks = [_Walk(run_tags, [term, *bounds]) for term in given if _is_tag(term.condition)]
    walks += [_Walk(runs, [term, *bounds]) for term in given if _is_narrow(term.condition)]
    compared = [(term.condition.key, term) for term in given if isinstance(term.condition, Compares)]
    for key in dict.fromkeys(key for key, _ in compared):
        walks.append(_Walk(run_values, [*(term for of, term in compared if of == key), *bounds]))
    words = [term for term in query if isinstance(term.condition, Mentions | Named)]
    return [*walks, _Walk(runs, [*words, *bounds])] if words or not walks else walks


def _is_tag(condition: Condition) -> bool:
    return isinstance(condition, Tagged) and "*" not in condition.tag


def _is_narrow(condition: Condition) -> bool:
    """Whether these runs lie in the order of the list: of one status they do, of several that are not final few are."""
    return isinstance(condition, HasStatus) and (
        len(condition.statuses) == 1 or not FINAL.intersection(condition.statuses)
    )


class _Walk:
    """What is walked: runs in the order of the list for which these words hold; they stand in one narrow row each."""

    def __init__(self, table: FromClause, terms: Sequence[Term]) -> None:
        self.terms = terms
        """The words of the query that the walk itself sees to."""
        self._table = table
        self._time: ColumnElement[int] = table.c.created_at
        self._id: ColumnElement[str] = table.c.id if table is runs else table.c.run_id

    def steps(self, before: _Place | None, *wanted: _Test) -> Select[int, str]:
        """Return the statement that gives time and id at each step, newest first, where also this holds."""
        held = [_unless(term.negated, self._own(term.condition)) for term in self.terms]
        if before is not None:
            held.append(tuple_(self._time, self._id) < before)
        places = select(self._time.label("at"), self._id.label("id")).where(*held, *wanted)
        return places.order_by(self._time.desc(), self._id.desc())

    def test(self, term: Term) -> _Test:
        """Return whether the run at which the walk is fits another word."""
        return _unless(term.negated, self._elsewhere(term.condition))

    def _own(self, condition: Condition) -> _Test:
        """What a word asks of the row at which the walk is."""
        if isinstance(condition, Began):
            since = [self._time >= to_micros(condition.since)] if condition.since else []
            until = [self._time < to_micros(condition.until)] if condition.until else []
            return and_(*since, *until)
        if isinstance(condition, HasStatus):
            return runs.c.status.in_(condition.statuses)
        return _holds(self._table, condition)

    def _elsewhere(self, condition: Condition) -> _Test:
        """What a word asks of the row beside it, of another table or of another part of this one."""
        if isinstance(condition, Tagged) and "*" in condition.tag:
            return exists().where(run_tags.c.run_id == self._id, _like(run_tags.c.tag, condition.tag))
        if isinstance(condition, HasStatus):
            return or_(
                false(), *(self._beside(runs.alias(), status=status) for status in dict.fromkeys(condition.statuses))
            )
        table = _TABLES[type(condition)].alias()
        return self._beside(table, _holds(table, condition))

    def _beside(self, row: FromClause, *wanted: _Test, **columns: str) -> _Test:
        equal = [row.c[name] == value for name, value in columns.items()]
        run_id = row.c.run_id if "run_id" in row.c else row.c.id.concat("")  # not by the index of ids: the row is wide
        return exists().where(*equal, row.c.created_at == self._time, run_id == self._id, *wanted)


_TABLES: Mapping[type[Condition], FromClause] = {Tagged: run_tags, Compares: run_values, Mentions: runs, Named: runs}


def _unless(negated: bool, test: _Test) -> _Test:
    return not_(test) if negated else test


def _holds(row: FromClause, condition: Condition) -> _Test:
    """What a word asks of a row of its own table."""
    if isinstance(condition, Tagged):
        return row.c.tag == condition.tag
    if isinstance(condition, Compares):
        return and_(row.c.key == condition.key, _compares(row, condition))
    if isinstance(condition, Named):
        return _like(row.c.name, condition.pattern)
    assert isinstance(condition, Mentions)
    return func.instr(row.c.words, condition.text) > 0


def _compares(values: FromClause, condition: Compares) -> _Test:
    column = values.c[_PARTS[condition.part]]
    number, text = condition.number, condition.text
    equal = [column == number] if number is not None else []
    if condition.operator == ":":
        return or_(func.instr(values.c.text, text) > 0, *equal)
    if condition.operator in ("=", "!="):
        same = or_(*equal, *([values.c.text == text] if text is not None else []))
        return same if condition.operator == "=" else not_(func.coalesce(same, False))
    return column.op(condition.operator, is_comparison=True)(number)


def _like(column: ColumnElement[str], pattern: str) -> _Test:
    escaped = pattern.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return column.like(escaped.replace("*", "%"), escape="\\")
