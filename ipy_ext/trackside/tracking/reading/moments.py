"""Times of records as moments in UTC."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from trackside.tracking.reading.plain import moment

__all__ = ["MOMENT", "as_moments"]

MOMENT = pl.Datetime("us", "UTC")
_FORMS = ("%Y-%m-%dT%H:%M:%S.%6fZ", "%Y-%m-%dT%H:%M:%S%.f%#z")
"""As we write them, which polars reads fastest, and what else a zone may look like."""


def as_moments(stamps: pl.Series) -> pl.Series:
    """Return the moments that these texts name, null where one names none."""
    if stamps.dtype == MOMENT:
        return stamps
    if stamps.dtype != pl.String:
        return pl.Series(stamps.name, [None] * len(stamps), dtype=MOMENT)
    found = _parsed(stamps, _FORMS[0])
    if found.null_count() > stamps.null_count():
        found = found.zip_with(found.is_not_null(), _parsed(stamps, _FORMS[1]))
    if found.null_count() > stamps.null_count():
        left = found.is_null() & stamps.is_not_null()
        slow: list[datetime | None] = [moment(text) for text in stamps.filter(left).to_list()]
        found = found.scatter(left.arg_true(), pl.Series(slow, dtype=MOMENT))
    return found


def _parsed(stamps: pl.Series, form: str) -> pl.Series:
    return stamps.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False).cast(MOMENT)
