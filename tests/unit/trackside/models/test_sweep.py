"""What a sweep may say, and the jobs that it makes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.errors import InvalidInput
from trackside.models.sweep import MOST, combinations, parse_scalar, parse_sweep, spelled, titles


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("lr=0.1,0.01 seed=1..3", {"lr": [0.1, 0.01], "seed": [1, 2, 3]}),
        ("x=0..1:0.25", {"x": [0.0, 0.25, 0.5, 0.75, 1.0]}),
        ("x=3..1:-1", {"x": [3, 2, 1]}),
        ("x=1..10:4", {"x": [1, 5, 9]}),
        ("x=0.1..0.3:0.1", {"x": [0.1, 0.2, 0.3]}),
        ("opt=adam,sgd flag=true,False,none", {"opt": ["adam", "sgd"], "flag": [True, False, None]}),
        ("'name=a b,c'", {"name": ["a b", "c"]}),
        ("n=-1,1e-3,+2", {"n": [-1, 0.001, 2]}),
        ("v=1.2.3,a..b", {"v": ["1.2.3", "a..b"]}),
        ("n=1,1.0", {"n": [1, 1.0]}),
    ],
)
def test_values_are_read(text, grid):
    found = parse_sweep(text)
    assert found == grid
    assert [type(value) for values in found.values() for value in values] == [
        type(value) for values in grid.values() for value in values
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names nothing"),
        ("lr", "is not name=values"),
        ("1a=2", "is not name=values"),
        ("lr=", "empty value"),
        ("lr=1,,2", "empty value"),
        ("lr=1 lr=2", "lr is given twice"),
        ("lr=1,1", "1 stands twice"),
        ("x=1..2.5", "needs a step"),
        ("x=3..1", "goes nowhere"),
        ("x=1..3:0", "goes nowhere"),
        ("x=1..3:abc", "goes nowhere"),
        ("x=1..3:nan", "goes nowhere"),
        ("x=1..2000", "has more than 1,000 values"),
        ("x=1..1e999999", "needs a step"),
        ("x=1..1e999999:1", "has more than 1,000 values"),
        ("x=1..3:inf", "goes nowhere"),
        ("x=1..3:", "goes nowhere"),
        ("x=1..100 y=1..100", "would be 10,000 jobs"),
        ("'lr=1", "quotation mark is not closed"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message):
        parse_sweep(text)


def test_jobs_are_called_by_what_varies():
    grid = parse_sweep("lr=0.1,0.01 seed=1 flag=true,none")
    assert titles(grid) == ["lr=0.1 flag=true", "lr=0.1 flag=none", "lr=0.01 flag=true", "lr=0.01 flag=none"]
    assert titles(parse_sweep("lr=0.1 seed=1")) == ["lr=0.1 seed=1"]
    assert list(combinations(parse_sweep("a=1,2 b=x")))[1] == {"a": 2, "b": "x"}


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        grid = parse_sweep(text)
    except InvalidInput:
        return
    assert 1 <= math.prod(map(len, grid.values())) <= MOST


@given(
    st.one_of(
        st.integers(1 - 10**18, 10**18 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
    )
)
def test_what_is_spelled_is_read_back(value):
    assert parse_scalar(spelled(value)) == value


def test_numbers_that_json_may_not_hold_are_floats_or_refused():
    assert parse_scalar("9" * 30) == 1e30
    assert type(parse_scalar("9" * 18)) is int
    for great in ("1e999", "9" * 5000):
        with pytest.raises(InvalidInput, match="too great a number"):
            parse_scalar(great)
