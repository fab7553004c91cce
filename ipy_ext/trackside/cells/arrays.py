"""Lets data go out of band whose own pickles hold it within: arrays with gaps, Polars frames, bytes.

Nothing here imports NumPy or Polars: where they are not loaded there are no such values.
"""

from __future__ import annotations

import importlib
import io
import pickle
import sys
from collections.abc import Callable
from typing import Any, cast

__all__ = ["LARGE", "Flat", "rebuild_frame", "rebuild_series", "reduce_array"]

LARGE = 16 * 1024
"""Bytes from which data goes out of band."""

Reduced = tuple[Callable[..., object], tuple[object, ...]]


class Flat:
    """Stands for ``bytes`` or a ``bytearray`` in a pickle, and is loaded as what it stands for."""

    def __init__(self, value: bytes | bytearray) -> None:
        self._value = value

    def __reduce__(self) -> Reduced:
        return type(self._value), (pickle.PickleBuffer(self._value),)


def reduce_array(value: object) -> Any:
    """Return how to rebuild an array with gaps or a frame; None for all others, which do it well themselves."""
    numpy, polars = sys.modules.get("numpy"), sys.modules.get("polars")
    kind = type(value)
    if numpy is not None and kind is getattr(numpy, "ndarray", None):
        return _of_array(numpy, cast("Any", value))
    if polars is not None and kind is getattr(polars, "DataFrame", None):
        return _of_frame(polars, rebuild_frame, cast("Any", value))
    if polars is not None and kind is getattr(polars, "Series", None):
        return _of_frame(polars, rebuild_series, cast("Any", value).to_frame())
    return None


def _of_array(numpy: Any, array: Any) -> Any:
    if array.nbytes < LARGE or array.dtype.hasobject or array.flags.forc:
        return None
    return numpy.ascontiguousarray(array).__reduce_ex__(5)


def _of_frame(polars: Any, rebuild: Callable[[bytes], object], frame: Any) -> Reduced | None:
    if frame.estimated_size() < LARGE or polars.Object in frame.dtypes:  # whose pointers it would write
        return None
    stream = io.BytesIO()
    frame.write_ipc_stream(stream)
    return rebuild, (pickle.PickleBuffer(stream.getbuffer()),)


def rebuild_frame(data: bytes) -> object:
    """Return the frame in this Arrow stream; it is named in pickles, so it keeps its place."""
    polars: Any = importlib.import_module("polars")
    return polars.read_ipc_stream(io.BytesIO(data))


def rebuild_series(data: bytes) -> object:
    """Return the only column of the frame in this Arrow stream; it is named in pickles, so it keeps its place."""
    return cast("Any", rebuild_frame(data)).to_series()
