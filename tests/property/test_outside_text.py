"""Text from outside is read or refused in a sentence, whatever it is: ranges, moments, files of jobs, uploads."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from trackside.cli.spec_file import jobs_in
from trackside.errors import InvalidInput
from trackside.models.fields import FIELDS
from trackside.models.moments import parse_moment
from trackside_server.handlers.ranges import part_of

_RANGES = st.text(max_size=40) | st.from_regex(r"bytes=[0-9]{0,25}-[0-9]{0,25}", fullmatch=True)
_YAML = st.text(max_size=200) | st.text(st.sampled_from("[]{}:-,&*!|>'\"#%@` \n\tcommand0a"), max_size=200)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(_RANGES, st.integers(0, 2**40))
def test_a_range_lies_within_the_file(asked: str, size: int) -> None:
    part = part_of(asked, size)
    assert part is None or (part.start >= 0 and part.stop <= size) or not part


@given(st.text(max_size=60) | st.text(st.sampled_from("0123456789:-+TZ tomrwhd."), max_size=30))
def test_a_moment_is_read_or_refused(text: str) -> None:
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    try:
        found = parse_moment(text, now, field="at")
    except InvalidInput as error:
        assert error.message.startswith("at")  # noqa: PT017  # whether it is raised depends on the text
        return
    assert found.tzinfo is not None


@settings(max_examples=200)
@given(_YAML | st.just("[" * 5000), st.sampled_from([".yaml", ".json"]))
def test_a_file_of_jobs_is_read_or_refused(text: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"job{suffix}"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            jobs = jobs_in(path, {})
        except InvalidInput:
            return
        assert all(isinstance(job, dict) for job in jobs)


@given(st.sampled_from(sorted(FIELDS)), _VALUES)
def test_every_field_takes_a_value_or_refuses_it_by_its_name(field: str, value: object) -> None:
    try:
        FIELDS[field](value, field)
    except InvalidInput as error:
        assert field in error.message  # noqa: PT017  # whether it is raised depends on the value
