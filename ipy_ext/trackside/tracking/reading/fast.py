"""Lines to columns with polars, exactly as the plain reader has them, in a tenth of its time.

Polars reads a block of lines by a schema and says nothing of keys that the schema lacks, of keys that stand twice in
a line, or of numbers that it made into texts. So the quotes of the block are counted: every key and every text costs
two. If the columns account for all of them, nothing was passed over. What polars refuses or the count gives away is
read plainly, block by block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import polars as pl

from trackside.tracking.reading.blocks import Block, blocks, read_block
from trackside.tracking.reading.kinds import as_float, kind_of
from trackside.tracking.records import parse_records

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

__all__ = ["Lines", "Mixed", "as_in", "common_schema", "frame_of_records", "joined", "read_lines", "read_pieces"]

_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)
_HEAD = 64 << 10
_WORKERS = 2
_SPELT = re.compile(rb'"(?:NaN|-?Infinity)"')
_MADE = r"^(?:-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$|true$|false$|\[|\{)"
"""What polars makes of numbers, bools, lists and dicts where it wants a text."""
_QUOTE = ord('"')
_DTYPES: dict[str, PolarsDataType] = {
    "none": pl.Null, "bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "text": pl.String,
}  # fmt: skip
_KINDS = frozenset({pl.Boolean, pl.Int64, pl.Float64, pl.String})


class _Stand(NamedTuple):
    """A float that is spelt as a text, and a number of the same length that stands for it while polars reads.

    The number may occur by itself: then one more is found than was put in, and the block is read plainly.
    """

    spelt: bytes
    number: bytes
    value: float
    capital: bytes


_STANDS = (
    _Stand(b'"NaN"', b"7e-97", float("nan"), b"N"),
    _Stand(b'"Infinity"', b"7.3961e-98", float("inf"), b"I"),
    _Stand(b'"-Infinity"', b"-7.3961e-98", float("-inf"), b"I"),
)


class Mixed(Exception):
    """A key has values of different kinds, or no name for a column of polars: the file is read plainly."""


class Lines(NamedTuple):
    """The lines of a part of a file: their records as columns, the byte after them, the number of torn ones."""

    frame: pl.DataFrame
    end: int
    torn: int


def read_pieces(path: Path, start: int, size: int) -> Iterator[Lines]:
    """Yield the whole lines of a file from byte ``start`` on, about ``size`` bytes at a time. Raises Mixed."""
    parser, cuts, first = Parser(), list(blocks(path, start)), 0
    for number, (_, end) in enumerate(cuts):
        if end - cuts[first][0] >= size or number == len(cuts) - 1:
            yield _read(path, cuts[first : number + 1], start, parser)
            first = number + 1


def read_lines(path: Path, start: int = 0) -> Lines:
    """Read all whole lines of a file from byte ``start`` on. Raises Mixed."""
    return _read(path, list(blocks(path, start)), start, Parser())


def _read(path: Path, cuts: Sequence[Block], start: int, parser: Parser) -> Lines:
    if len(cuts) < _WORKERS:
        found = [parser.parse(partial(read_block, path, cut)) for cut in cuts]
    else:
        # Polars itself uses all processors; a second block is looked through meanwhile.
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = list(pool.map(lambda cut: parser.parse(partial(read_block, path, cut)), cuts))
    frame = joined([frame for frame, _ in found])
    return Lines(frame, cuts[-1][1] if cuts else start, sum(torn for _, torn in found))


class Parser:
    """Reads the blocks of a run; the keys and kinds of one make the next fast. For several threads."""

    def __init__(self) -> None:
        self._known: dict[str, PolarsDataType] = {}
        self._spelt = False
        """Whether a block had spelt floats: then the next ones are looked through before they are read."""

    def parse(self, load: Callable[[], bytes]) -> tuple[pl.DataFrame, int]:
        """Return the records of whole lines as columns, and the number of torn lines. Raises Mixed.

        ``load`` gives the lines, each time anew: what nobody else holds can be changed in place.
        """
        frame = None if self._spelt else self._fast(load())
        if frame is None and self._spelt:
            frame = self._fast(BytesIO(load()))
        torn = 0
        if frame is None:
            records, _, torn = parse_records(load())
            frame = frame_of_records(records)
        self._learn(frame)
        return frame, torn

    def _fast(self, source: bytes | BytesIO) -> pl.DataFrame | None:
        """Read lines as they are or, in a buffer, with numbers in place of spelt floats; None if that is not exact."""
        if b"\\" in _bytes(source):  # polars makes other texts of some escapes
            return None
        stands = _put_numbers(source) if isinstance(source, BytesIO) else []
        if not self._known:
            head = _read_exactly(_bytes(source)[: _bytes(source).rfind(b"\n", 0, _HEAD) + 1], None)
            self._learn(head) if head is not None else None
        frame = _read_exactly(source, self._known) if self._known else None
        if frame is None:
            frame = _read_exactly(source, None)
        if isinstance(source, BytesIO):
            return _with_floats(frame, stands) if frame is not None else None
        if (frame is None or _has_spelt(frame)) and _SPELT.search(source):
            self._spelt = True
            return None
        return frame

    def _learn(self, frame: pl.DataFrame) -> None:
        """Keep the keys of a block, and of two kinds the one that holds both."""
        known = dict(self._known)
        for key, dtype in frame.schema.items():
            if dtype in _KINDS and not (dtype == pl.Int64 and known.get(key) == pl.Float64):
                known[key] = dtype
        if known != self._known:
            self._known = known  # another thread reads by the one that it took


def _bytes(source: bytes | BytesIO) -> bytes:
    """The bytes of a source, which a buffer gives without a copy as long as nobody else holds them."""
    return source if isinstance(source, bytes) else source.getvalue()


def _has_spelt(frame: pl.DataFrame) -> bool:
    """Whether a text is one that spells a float."""
    texts = [column for column in frame if column.dtype == pl.String and column.name != "_timestamp"]
    return any(column.is_in([stand.spelt[1:-1].decode() for stand in _STANDS]).any() for column in texts)


def _read_exactly(source: bytes | BytesIO, schema: dict[str, PolarsDataType] | None) -> pl.DataFrame | None:
    try:
        frame = pl.read_ndjson(source, schema=schema, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return None
    _refuse_odd_keys(frame.columns)  # first of all: polars takes some for patterns in each question about a column
    return frame if _is_whole(frame, _bytes(source)) else None


def _refuse_odd_keys(keys: Iterable[str]) -> None:
    """Raise Mixed for names that polars takes for patterns, or for none."""
    for key in keys:
        if key in {"", "*"} or key.startswith("^"):
            raise Mixed(key)


def _is_whole(frame: pl.DataFrame, block: bytes) -> bool:
    """Whether the columns account for every key and every text of a block without escapes."""
    if not set(frame.dtypes) <= _KINDS:
        return False
    quotes = int(np.count_nonzero(np.frombuffer(block, np.uint8) == _QUOTE))
    present = [(frame.height - column.null_count()) * (4 if column.dtype == pl.String else 2) for column in frame]
    return bool(quotes == sum(present)) and all(_are_texts(column) for column in frame if column.dtype == pl.String)


def _are_texts(column: pl.Series) -> bool:
    """Whether no value of a column was made a text by polars, which would be counted as if it had quotes."""
    if column.str.ends_with("Z").all():  # as our times do, and no number
        return True
    return not column.str.contains(_MADE).any()


def _put_numbers(source: BytesIO) -> list[tuple[_Stand, int]]:
    """Put numbers in place of spelt floats, and say how many of each."""
    found = [(stand, _places(source.getvalue(), stand)) for stand in _STANDS]
    with source.getbuffer() as letters:
        for stand, places in found:
            for place in places:
                letters[place : place + len(stand.number)] = stand.number
    return [(stand, len(places)) for stand, places in found if places]


def _places(block: bytes, stand: _Stand) -> list[int]:
    """Where a word stands: looked for by its capital letter, ten times as fast as by the word, since it is rare."""
    places = []
    before = stand.spelt.index(stand.capital)
    at = block.find(stand.capital, before)
    while at >= 0:
        if block.startswith(stand.spelt, at - before):
            places.append(at - before)
            at += len(stand.spelt) - before - 1
        at = block.find(stand.capital, at + 1)
    return places


def _with_floats(frame: pl.DataFrame, stands: Sequence[tuple[_Stand, int]]) -> pl.DataFrame | None:
    """Put the floats in place of the numbers that stood for them; None when their count is another."""
    floats = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
    for stand, count in stands:
        number = float(stand.number)
        hits = {name: int((frame[name] == number).sum()) for name in floats}
        if sum(hits.values()) != count:
            return None
        columns = [pl.when(pl.col(name) == number).then(stand.value).otherwise(pl.col(name)).alias(name) for name in hits if hits[name]]  # fmt: skip
        frame = frame.with_columns(columns)
    return frame


def frame_of_records(records: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Return records as columns, in the order in which their keys appear. Raises Mixed."""
    keys = dict.fromkeys(key for record in records for key in record)
    _refuse_odd_keys(keys)
    columns = {key: _column(key, [record.get(key) for record in records]) for key in keys}
    # A record without a single key is one all the same.
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=len(records))


def _column(key: str, values: list[object]) -> pl.Series:
    kind = kind_of(values)
    if kind == "mixed":
        raise Mixed(key)
    if kind == "float":
        values = [None if value is None else as_float(value) for value in values]  # type: ignore[arg-type]
    try:
        return pl.Series(key, values, dtype=_DTYPES[kind])
    except UnicodeEncodeError as error:  # half a character
        raise Mixed(key) from error


def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of these frames one below the other, columns in the order of their appearance. Raises Mixed."""
    schema = common_schema([frame.schema for frame in frames])
    return pl.concat([as_in(frame, frame.schema, schema) for frame in frames], how="diagonal") if frames else pl.DataFrame()  # fmt: skip


def common_schema(schemas: Iterable[pl.Schema]) -> dict[str, PolarsDataType]:
    """Return the columns of frames that stand one below the other. Raises Mixed."""
    common: dict[str, PolarsDataType] = {}
    for schema in schemas:
        for key, dtype in schema.items():
            common[key] = _common(key, common.get(key, pl.Null), dtype)
    return common


def as_in(frame: _Frame, own: pl.Schema, schema: Mapping[str, PolarsDataType]) -> _Frame:
    """Return a frame of this schema of its own with its columns as in another one."""
    return frame.cast({key: schema[key] for key in own if own[key] != schema[key]})


def _common(key: str, one: PolarsDataType, other: PolarsDataType) -> PolarsDataType:
    if one == other or other == pl.Null:
        return one
    if one == pl.Null:
        return other
    if {one, other} == {pl.Int64, pl.Float64}:
        return pl.Float64
    raise Mixed(key)
