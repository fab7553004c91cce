"""Queries: whatever is typed is read or refused in a sentence, and what is found agrees with a plain look at each run."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from trackside.errors import InvalidInput
from trackside.models import MetricFacts
from trackside_server.domain.query import Compares, HasStatus, Mentions, Tagged, parse
from trackside_server.domain.record import RunRow
from trackside_server.store import Store

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PIECES = st.sampled_from(
    ["tag", "status", "config.lr", "loss", "loss.min", "since", "stauts", ":", "=", "<", ">=", "!=", "-", '"', "'", " ", "7d", "0.1", "failed", "\u00e9", "*", "."]
)  # fmt: skip
KEYS = st.sampled_from(["lr", "opt.wd", "model"])
NUMBERS = st.sampled_from([0.0, 0.5, 1.0, -2.0])
VALUES = NUMBERS | st.sampled_from(["a", "b", True])
ROWS = st.lists(
    st.tuples(
        st.dictionaries(KEYS, VALUES, max_size=3),
        st.none() | st.tuples(NUMBERS, NUMBERS),
        st.lists(st.sampled_from(["t1", "t2"]), unique=True),
        st.sampled_from(["completed", "failed", "running"]),
    ),
    max_size=8,
)
ORDERS = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
    "=": float.__eq__,
    "!=": float.__ne__,
}
WORDS = st.one_of(
    st.tuples(st.just("config"), KEYS, st.sampled_from(list(ORDERS)), NUMBERS),
    st.tuples(st.just("loss"), st.sampled_from(["last", "min"]), st.sampled_from(list(ORDERS)), NUMBERS),
    st.tuples(st.just("tag"), st.sampled_from(["t1", "t2"])),
    st.tuples(st.just("status"), st.sampled_from(["completed", "failed", "running", "failed,running"])),
    st.tuples(st.just("word"), st.sampled_from(["t1", "run-1", "run"])),
)


@given(st.text(max_size=60) | st.lists(PIECES, max_size=12).map("".join))
def test_whatever_is_typed_is_read_or_refused_in_a_sentence(text):
    try:
        query = parse(text, NOW)
    except InvalidInput as refused:
        said = str(refused)
    else:
        said = "."
    assert said.endswith((".", "?"))
    joins = {"and", "or", "not", "&&", "||"} & set(text.casefold().split())
    if not joins and not set(text) & set("\"'<>=!:-"):
        assert [term.condition for term in query] == [Mentions(word.casefold()) for word in text.split()]


@given(st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), max_size=20), st.booleans())
def test_a_text_in_quotes_is_kept_as_it_is(text, negated):
    [term] = parse(f'{"-" * negated}"{text}"', NOW)
    assert (term.condition, term.negated) == (Mentions(text.casefold()), negated)
    [term] = parse(f'tag:"{text}x"', NOW)
    assert term.condition == Tagged(f"{text}x")


@given(st.floats(allow_nan=False), st.sampled_from(list(ORDERS)))
def test_every_number_can_be_asked_for(number, operator):
    [term] = parse(f"config.a/b{operator}{number!r}", NOW)
    assert term.condition == Compares("config.a.b", "last", operator, number, repr(number).casefold())


@given(st.lists(st.sampled_from(["completed", "failed", "running", "pending"]), min_size=1))
def test_statuses_are_each_named_once(statuses):
    [term] = parse(f"status:{','.join(statuses)}", NOW)
    assert term.condition == HasStatus(tuple(dict.fromkeys(statuses)))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(st.tuples(WORDS, st.booleans()), max_size=4))
def test_what_is_found_is_what_a_plain_look_at_each_run_finds(facts, words):
    rows = [_row(number, *fact) for number, fact in enumerate(facts)]
    query = parse(" ".join("-" * negated + _said(word) for word, negated in words), NOW)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "trackside.db", home_id="h")
        store.write_now(lambda tx: [tx.upsert_run(row) for row in rows], durable=False)
        with store.read() as reader:
            found = [row.id for row in reader.runs_page(query, limit=3).runs]
        store.close()
    wanted = [row.id for row in reversed(rows) if all(_holds(row, word) != negated for word, negated in words)]
    assert found == wanted[:3]


def _row(number, config, loss, tags, status):
    metrics = {"loss": MetricFacts(1, loss[0], loss[1], 9.0)} if loss and status != "running" else {}
    return RunRow(
        id=f"run-{number}", uuid="u", name="n", status=status, run_dir="/r", created_at=NOW + timedelta(seconds=number),
        tags=tuple(tags), config=config, metrics=metrics,
    )  # fmt: skip


def _said(word):
    kind, *rest = word
    if kind == "config":
        return f"config.{rest[0]}{rest[1]}{rest[2]}"
    if kind == "loss":
        return f"loss.{rest[0]}{rest[1]}{rest[2]}"
    return rest[0] if kind == "word" else f"{kind}:{rest[0]}"


def _holds(row, word):
    kind, *rest = word
    if kind == "tag":
        return rest[0] in row.tags
    if kind == "status":
        return row.status in rest[0].split(",")
    if kind == "word":
        return any(rest[0] in text for text in (row.id, row.name, *row.tags))
    if kind == "config":
        if rest[0] not in row.config:
            return False
        value = row.config[rest[0]]
        if isinstance(value, str):
            return rest[1] == "!="
    elif "loss" not in row.metrics:
        return False
    else:
        value = getattr(row.metrics["loss"], rest[0])
    return ORDERS[rest[1]](float(value), rest[2])
