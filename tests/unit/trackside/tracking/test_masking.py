"""Values that must not be shown are found however programs usually spell them, and nothing else is touched."""

from __future__ import annotations

import base64
import json
import pickle
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.tracking.masking import NO_MASK, Mask, coarse, covered, joined, mask_of

TOKEN = "p@ss wörd/+'\"7"


@pytest.mark.parametrize(
    "spell",
    [
        str,
        json.dumps,
        lambda value: json.dumps(value, ensure_ascii=False),
        repr,
        quote,
        quote_plus,
        lambda value: quote(value, safe=""),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    ],
)
def test_a_value_is_covered_in_every_usual_spelling(spell):
    spelt = spell(TOKEN).strip("'\"")
    shown = Mask([TOKEN]).text(f"before {spelt} after")
    assert (shown[:8], shown[-7:]) == ("before *", "* after")
    assert set(shown[7:-6]) == {"*"}


@pytest.mark.parametrize("before", ["", "u", "us", "user", "user:"])
@pytest.mark.parametrize("after", ["", ":", ":x", ":xy"])
def test_base64_of_a_text_around_the_value_shows_none_of_its_whole_characters(before, after):
    """As in ``Authorization: Basic``: only characters that hold bits of a neighbour may stay."""
    value = "correct-horse"
    encoded = base64.b64encode(f"{before}{value}{after}".encode()).decode()
    shown = Mask([value]).text(encoded)
    first, last = -(-len(before) * 8 // 6), (len(before) + len(value)) * 8 // 6
    assert set(shown[first:last]) == {"*"}, shown


@given(st.binary(max_size=200), st.integers(0, 200))
def test_what_is_covered_has_the_same_length_and_the_same_rest(noise, place):
    mask = Mask(["opensesame"])
    data = noise[:place] + b"opensesame" + noise[place:]
    shown = mask.bytes(data)
    assert len(shown) == len(data)
    assert b"opensesame" not in shown
    assert all(ours == theirs or ours == ord("*") for ours, theirs in zip(shown, data, strict=True))


@given(st.lists(st.text("ab", min_size=6, max_size=9), min_size=1, max_size=3), st.text("ab", max_size=60))
def test_no_value_is_left_where_several_overlap(values, text):
    shown = Mask(values).text(text)
    assert not [value for value in values if value in shown]


@given(st.text("ab", min_size=6, max_size=9), st.text("ab", max_size=30), st.integers(0, 30))
def test_the_beginning_of_a_value_at_the_end_is_found(value, text, cut):
    """Whatever is cut in two: what need not be held back is shown as it is in the whole."""
    mask = Mask([value])
    whole = text.encode()
    first = whole[:cut]
    sure = len(first) - mask.begun(first)
    assert mask.bytes(first)[:sure] == mask.bytes(whole)[:sure]


def test_values_of_less_than_six_bytes_are_left_alone():
    assert Mask(["abc", ""]).text("abcabc") == "abcabc"
    assert not Mask(["abc"])


def test_each_line_of_a_value_with_many_lines_is_covered():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n-----END KEY-----\n"
    assert Mask([key]).text("    MIIEvQIBADANBgkq\n") == "    ****************\n"


def test_ends_of_lines_stay_so_that_lines_can_be_counted():
    assert Mask(["first line\nsecond line"]).text("first line\nsecond line") == "**********\n***********"


def test_bytes_that_are_no_text_are_found():
    value = b"\xff\xfe\xfd\xfc\xfb\xfa".decode("utf-8", "surrogateescape")
    assert Mask([value]).bytes(b"<\xff\xfe\xfd\xfc\xfb\xfa>") == b"<******>"


def test_a_mask_tells_nobody_what_it_hides():
    mask = Mask(["opensesame"])
    assert "opensesame" not in repr(mask) + str(mask)
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(mask)


def test_only_variables_that_are_there_are_hidden():
    assert mask_of([], {"A": "opensesame"}) is NO_MASK
    assert mask_of(["B"], {"A": "opensesame"}) is NO_MASK
    assert mask_of(["A"], {"A": "opensesame"}).text("opensesame") == "*" * 10


@pytest.mark.parametrize("chunk", [1, 7, 10, 64, 4096])
def test_values_in_a_file_are_found_over_the_borders_of_chunks(tmp_path, chunk):
    data = b"x" * 37 + b"opensesame" + b"y" * 90 + b"opensesameopensesame" + b"z"
    path = tmp_path / "output.log"
    path.write_bytes(data)
    assert Mask(["opensesame"]).places_in_file(path, chunk=chunk) == [(37, 47), (137, 157)]


def test_a_hole_in_a_file_costs_nothing(tmp_path):
    path = tmp_path / "output.log"
    with path.open("wb") as file:
        file.write(b"opensesame\n")
        file.truncate(2**40)
        file.seek(2**40)
        file.write(b"opensesame\n")
    assert Mask(["opensesame"]).places_in_file(path) == [(0, 10), (2**40, 2**40 + 10)]


def test_no_file_holds_no_value(tmp_path):
    assert Mask(["opensesame"]).places_in_file(tmp_path / "absent") == []


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 9)), max_size=60), st.integers(1, 10))
def test_fewer_ranges_cover_at_least_as_much(found, most):
    ranges = joined((start, start + length) for start, length in found)
    fewer = coarse(ranges, most)
    assert len(fewer) <= most
    data = bytes(520)
    kept = covered(data, 0, ranges)
    assert all(ours == ord("*") for ours, theirs in zip(covered(data, 0, fewer), kept, strict=True) if theirs)


def test_shell_quoting_hides_too():
    assert "wörd" not in Mask(["pass wörd"]).text(shlex.quote("pass wörd"))
