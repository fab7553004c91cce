"""The language in which runs are asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.errors import InvalidInput
from trackside_server.domain.query import Began, Compares, HasStatus, Mentions, Named, Tagged, Term, parse

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def one(word):
    [term] = parse(word, NOW)
    return term


def test_the_words_of_a_query_are_read_each_by_itself():
    asked = parse("tag:baseline status:failed config.lr<0.01 loss.min<0.3 since:7d Text", NOW)
    assert [term.condition for term in asked] == [
        Tagged("baseline"),
        HasStatus(("failed",)),
        Compares("config.lr", "last", "<", 0.01, "0.01"),
        Compares("metric.loss", "min", "<", 0.3, None),
        Began(since=NOW - timedelta(days=7)),
        Mentions("text"),
    ]
    assert not any(term.negated for term in asked)


def test_an_empty_query_asks_for_every_run():
    assert parse("  ", NOW) == ()


@pytest.mark.parametrize("word", ["config.opt/lr=1", "config.opt.lr = 1", "config.opt.lr==1", 'config.opt.lr="1"'])
def test_a_nested_key_is_the_same_however_it_is_written(word):
    assert one(word).condition == Compares("config.opt.lr", "last", "=", 1.0, "1")


@pytest.mark.parametrize(
    ("word", "key", "part"),
    [
        ("loss<1", "loss", "last"),
        ("loss.last<1", "loss", "last"),
        ("val/loss.max<1", "val.loss", "max"),
        ("min<1", "min", "last"),
    ],
)
def test_a_plain_name_is_a_metric_whose_last_value_is_meant(word, key, part):
    assert one(word).condition == Compares(f"metric.{key}", part, "<", 1.0, None)


def test_a_minus_turns_a_word_round_and_so_does_unequal_on_a_field():
    assert one("-tag:x") == one("tag!=x") == Term(Tagged("x"), negated=True)
    assert one("-status!=failed") == Term(HasStatus(("failed",)))
    assert one("loss<-3").condition.number == -3
    assert one("-") == Term(Mentions("-"))


def test_quotes_keep_spaces_together_and_colons_what_they_are():
    assert parse("\"stauts: x\" name:'my run*' don't", NOW) == (
        Term(Mentions("stauts: x")), Term(Named("my run*")), Term(Mentions("don't")),
    )  # fmt: skip


def test_what_looks_like_an_operator_or_joins_words_can_be_searched_for_in_quotes():
    assert parse("'or' '<b' config.note:\"=x\" tag:or or", NOW) == (
        Term(Mentions("or")), Term(Mentions("<b")), Term(Compares("config.note", "last", ":", None, "=x")),
        Term(Tagged("or")), Term(Mentions("or")),
    )  # fmt: skip


def test_a_metric_that_diverged_can_be_asked_for():
    assert one("loss=NaN").condition == Compares("metric.loss", "last", "=", None, "nan")
    assert one("loss=inf").condition.number == float("inf")


def test_a_day_is_from_its_beginning_and_until_its_end():
    day = datetime(2026, 11, 20).astimezone(UTC)
    assert one("since:2026-11-20").condition == Began(since=day)
    assert one("until:2026-11-20").condition == Began(until=day + timedelta(days=1))
    assert one("until:2026-11-20T10:00+01:00").condition == Began(until=datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert one("until:2w").condition == Began(until=NOW - timedelta(weeks=2))
    assert one("since:yesterday").condition.since < one("since:today").condition.since <= NOW


@pytest.mark.parametrize(
    ("word", "named", "said"),
    [
        ("stauts:failed", "stauts:", "status"),
        ("stauts=failed", "stauts=", "status"),
        ("status:faild", "faild", "failed"),
        ("status:,", "','", "Known: scheduled"),
        ("confg.lr<1", "confg.", "config"),
        ("configs/lr<1", "configs.", "config"),
        ("config<1", "config<1", "config.KEY<1"),
        ("config.lr<fast", "'fast'", "a number"),
        ("loss=low", "'loss' would be a metric", "config.loss=low"),
        ("http://x", "http:", "quotes"),
        ("tag:", "tag:", "tag:value"),
        ("loss<", "loss<", "loss<value"),
        ("tag<3", "tag cannot be compared", "tag:3"),
        ('name:"a b', '"a', "not closed"),
        ("'a'b", "'a'b", "text follows"),
        ("config.lr<<0.1", "'config.lr<<0.1' is no comparison", "quotes"),
        ("loss=>0.3", "'loss=>0.3'", "loss>=0.3"),
        ("loss === 1", "'loss ==='", "no comparison"),
        ("<0.3", "'<0.3'", "loss>=0.3"),
        ("loss<1 AND acc>1", "'AND'", "every word must hold"),
        ("tag:a or tag:b", "'or'", "There is no or"),
        ("not tag:a", "'not'", "-tag:x"),
        ("tag:a OR", "'OR'", "There is no or"),
        ("a || b", "'||'", "There is no or"),
        ("NOT tag:a", "'NOT'", "-tag:x"),
        ("since:soon", "'soon'", "since:7d"),
        ("since:7", "'7'", "since:7d"),
        ("until:9999-12-31", "9999-12-31", "until:7d"),
        ("a " * 65, "65 words", "64"),
        ("x" * 10_001, "10001 characters", "10000"),
    ],
)
def test_a_word_that_cannot_be_read_is_named_with_what_was_meant(word, named, said):
    with pytest.raises(InvalidInput) as caught:
        parse(word, NOW)
    assert named in str(caught.value)
    assert said in str(caught.value)
