"""Sizes and times as people write them."""

import time

import pytest

from trackside.errors import InvalidInput
from trackside.models.units import format_duration, format_size, parse_duration, parse_size, shortened


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8G", 8 << 30), ("8g", 8 << 30), ("8GB", 8 << 30), ("8GiB", 8 << 30), ("8 gb", 8 << 30), (" 8G ", 8 << 30),
        ("512M", 512 << 20), ("512 MiB", 512 << 20), ("1.5k", 1536), ("2T", 2 << 40), ("1P", 1 << 50), ("17b", 17), ("0.5G", 1 << 29),
    ],
)  # fmt: skip
def test_a_size_is_read_in_powers_of_1024(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8", "Did you mean '8G'?"), ("1.5", "Did you mean '1.5G'?"), ("", "not a size"), ("G", "not a size"), ("8X", "not a size"),
        ("8i", "not a size"), ("8E", "not a size"), ("-8G", "not a size"), ("8G8", "not a size"), ("1_000M", "not a size"),
        ("1e3G", "not a size"), ("٨G", "not a size"), ("8,5G", "not a size"), ("0G", "out of range"), ("0.0001k", "out of range"),
        ("9999P", "out of range"), ("9" * 60 + "P", "out of range"), ("9" * 100 + "G", "not a size"),
    ],
)  # fmt: skip
def test_what_is_no_size_is_refused_with_how_to_write_it(text, words):
    with pytest.raises(InvalidInput) as caught:
        parse_size(text, field="gpu_memory")
    assert caught.value.message.startswith("gpu_memory:")
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h30m", 9000), ("2h 30m", 9000), ("90m", 5400), ("90min", 5400), ("1.5h", 5400), ("90s", 90), ("2d", 172800), ("1d12h", 129600),
        ("01:00:00", 3600), ("100:00:00", 360000), ("1-12:00:00", 129600), ("05:30", 330), ("90", 90), (90, 90), (0.5, 0.5), (" 2 H ", 7200),
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_spelling(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2h30", "h", "-1", "-1h", "0", "0s", 0, -5, float("nan"), float("inf"), "nan", "inf", "1e3", "10:61", "1:2:3:4",
        "2h-5m", "1d-2h", "٢h", "2 h 30", "9" * 65,
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_how_to_write_it(text):
    with pytest.raises(InvalidInput, match=r"time: .* is not a length of time"):
        parse_duration(text)


@pytest.mark.parametrize("text", [1e300, 10**400, "40000d", "9" * 60])
def test_a_time_that_no_calendar_holds_is_refused(text):
    with pytest.raises(InvalidInput, match="more than a hundred years"):
        parse_duration(text)


@pytest.mark.parametrize("parse", [parse_size, parse_duration])
def test_a_long_text_is_refused_at_once(parse):
    began = time.perf_counter()
    for text in ("1" + " " * 200_000 + "!", "1" * 200_000, "1s" * 100_000):
        with pytest.raises(InvalidInput) as caught:
            parse(text)
        assert len(caught.value.message) < 200
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (17, "17 bytes"), (1536, "1.5 KB"), (512 << 20, "512 MB"), (9.4 * 2**30, "9.4 GB"), (2**60, "1048576 TB")]
)  # fmt: skip
def test_a_size_is_shown_short(size, text):
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"), (0.44, "0.4 s"), (9.9, "9.9 s"), (48, "48 s"), (59.6, "60 s"), (90, "2 min"), (720, "12 min"), (3600, "1 h"),
        (9000, "2 h 30 min"), (3600 * 48, "2 d 0 h"), (3600 * 50, "2 d 2 h"),
    ],
)  # fmt: skip
def test_a_time_is_shown_short(seconds, text):
    assert format_duration(seconds) == text


def test_a_value_is_shown_cut_and_without_signs_that_move_a_terminal():
    assert shortened("x" * 1000) == "'" + "x" * 63 + "…"
    assert shortened("a\x1b[2Jb") == "'a\\x1b[2Jb'"
    assert shortened("\ud800") == "'\\ud800'"
    assert shortened([1]) == "[1]"
