"""The path to what is in the way."""

import functools
import threading
from dataclasses import dataclass

import pytest

from trackside.cells.lineage import path_to

LOCK = threading.Lock()


class Slotted:
    __slots__ = ("lock",)

    def __init__(self):
        self.lock = LOCK


@dataclass
class Holder:
    inner: object


def closing_over(lock):
    def inner():
        return lock

    return inner


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (LOCK, "v"),
        ([0, LOCK], "v[1]"),
        ({"a": {3: (LOCK,)}}, "v['a'][3][0]"),
        (Holder(Holder(LOCK)), "v.inner.inner"),
        (Slotted(), "v.lock"),
        (closing_over(LOCK), "v's variable lock"),
        (lambda x=LOCK: x, "v's default value"),
        (functools.partial(print, LOCK), "v.args[0]"),
        (Holder(LOCK).__repr__, "v.__self__.inner"),
        ({LOCK: 1}, f"v's key <{type(LOCK).__name__}>"),
        (type("Net", (), {"guard": LOCK}), "v.guard"),
        (42, None),
    ],
)
def test_the_way_from_a_name_to_the_object(value, path):
    assert path_to(value, LOCK, "v") == path


def test_a_value_that_contains_itself_is_searched_once():
    value = []
    value.append(value)
    assert path_to(value, LOCK, "v") is None
