"""The grammar of GPUs."""

import time

import pytest

from trackside.errors import InvalidInput
from trackside.models import GpuRequest, parse_gpus


@pytest.mark.parametrize(
    ("text", "count", "kind"),
    [
        (2, 2, None), ("2", 2, None), (" 2 ", 2, None), (0, 0, None), ("0", 0, None), (0.5, 0.5, None), ("0.5", 0.5, None),
        (".125", 0.125, None), ("2.0", 2, None), ("a100", 1, "a100"), ("A100", 1, "a100"), ("a100:2", 2, "a100"), ("2xa100", 2, "a100"),
        ("2XA100", 2, "a100"), ("a100x2", 2, "a100"), ("8xh100", 8, "h100"), ("h100", 1, "h100"), ("t4x4", 4, "t4"), ("l40s", 1, "l40s"),
        ("l40sx2", 2, "l40s"), ("a100-80gb", 1, "a100-80gb"), ("a100-80gb:4", 4, "a100-80gb"), ("a100-80gb.sxm.1x", 1, "a100-80gb.sxm"),
        ("a100.2x", 2, "a100"), ("rtx_4090:2", 2, "rtx_4090"), ("rtx 4090", 1, "rtx 4090"), ("gtx1080ti", 1, "gtx1080ti"), ("4096", 4096, None),
    ],
)  # fmt: skip
def test_gpus_are_read_in_every_spelling(text, count, kind):
    assert parse_gpus(text) == GpuRequest(count, kind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"), ("-1", "cannot be read"), ("2x", "cannot be read"), ("a100:", "cannot be read"), (":2", "cannot be read"),
        ("a100:two", "cannot be read"), ("a100:0.5", "cannot be read"), ("1e3", "cannot be read"), ("a100;2", "cannot be read"),
        ("2 3", "cannot be read"), ("a100,h100", "cannot be read"), ("٢", "cannot be read"), ("a" * 65, "cannot be read"),
        (-1, "not a number of GPUs"), (True, "not a number of GPUs"), (4097, "not a number of GPUs"), ("a100:5000", "not a number of GPUs"),
        (float("nan"), "not a number of GPUs"), (float("inf"), "not a number of GPUs"), (10**400, "not a number of GPUs"),
        ("1.5", "neither whole nor a share"), ("0.3", "neither whole nor a share"), (0.1, "neither whole nor a share"),
        ("a100:0", "none of it"), ("0xa100", "none of it"), ("gpu-instance", "vendor's id"), ("it_8x", "vendor's id"), ("IT-3", "vendor's id"),
    ],
)  # fmt: skip
def test_other_spellings_are_refused_with_those_that_work(text, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        parse_gpus(text)
    assert caught.value.message.startswith("gpus:")
    assert caught.value.hint


def test_a_long_text_is_refused_at_once():
    began = time.perf_counter()
    for text in ("a" * 100_000 + "!", "a-" * 50_000 + "!", "1" * 100_000):
        with pytest.raises(InvalidInput):
            parse_gpus(text)
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize("text", ["2", "0.5", "a100:2", "a100-80gb.sxm:1", "0"])
def test_a_request_is_written_as_it_can_be_read(text):
    assert str(parse_gpus(text)) == text
    assert parse_gpus(str(parse_gpus(text))) == parse_gpus(text)
