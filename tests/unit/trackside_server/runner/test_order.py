"""What the server tells a runner arrives as it was said, or not at all."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside_server.runner.order import HEAD, OPENING, Order, decode_order, encode_order, read_order

ORDER = Order(
    "/runs/job-1",
    1,
    ["a", "b c"],
    {"K": "v"},
    "/tmp",
    ["GPU-1"],
    10.0,
    60.0,
    None,
    2**30,
    [],
    {"job": "x"},
    cores=[1],
    secrets=[],
)


def received(frame: bytes) -> Order:
    ours, its = socket.socketpair()
    with ours, its:
        ours.sendall(frame)
        ours.shutdown(socket.SHUT_WR)
        its.settimeout(1.0)
        return read_order(its)


def test_an_order_arrives_as_it_was_sent() -> None:
    assert received(encode_order(ORDER)) == ORDER


@given(st.dictionaries(st.text(st.characters(codec=None), max_size=5), st.text(max_size=20), max_size=5))
def test_any_environment_survives_the_journey(environment: dict[str, str]) -> None:
    order = ORDER._replace(environment=environment)
    assert decode_order(encode_order(order)[HEAD:]) == order


@pytest.mark.parametrize("length", range(0, len(encode_order(ORDER)), 40))
def test_half_an_order_is_no_order(length: int) -> None:
    with pytest.raises(EOFError):
        received(encode_order(ORDER)[:length])


@pytest.mark.parametrize(
    "frame",
    [
        b"X" + encode_order(ORDER)[1:],
        OPENING + b"\xff\xff\xff\xff",
        OPENING + b"\0\0\0\2[]",
        OPENING + b"\0\0\0\2{}",
        OPENING + b"\0\0\0\1{",
    ],
)
def test_garbage_is_no_order(frame: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        received(frame)


def test_an_order_hides_its_environment() -> None:
    assert "v" not in repr(ORDER).replace("/runs/job-1", "")


def test_a_frame_is_ascii_json_after_its_head() -> None:
    assert json.loads(encode_order(ORDER)[HEAD:])["argv"] == ["a", "b c"]
