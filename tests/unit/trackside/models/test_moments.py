"""Moments as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.errors import InvalidInput
from trackside.models.moments import parse_moment

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2227-01-01 00:00Z"])
def test_a_moment_that_clocks_of_other_zones_cannot_show_is_refused(text):
    """One such job would break every list that shows it."""
    with pytest.raises(InvalidInput, match="more than a hundred years off"):
        parse_moment(text, NOW)


def test_within_a_hundred_years_any_moment_is_taken():
    assert parse_moment("2126-11-22T09:30:00+00:00", NOW).year == 2126
    assert parse_moment("+36500d", NOW) == NOW + timedelta(days=36500)
    assert parse_moment("1990-01-01T00:00:00+14:00", NOW) == datetime(1989, 12, 31, 10, tzinfo=UTC)
