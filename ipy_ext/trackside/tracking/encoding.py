"""One record to one line, with the fastest encoder that can be imported."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

__all__ = ["Encoding", "choose_encoding"]


class Encoding(NamedTuple):
    """How records are made into lines, in the words of the package that does it.

    The time of a record is ``now(zone)``, or ``now()`` where ``zone`` is None. Its line is
    ``encode(record, None, option)`` where there is an ``option`` (the signature of ``orjson.dumps``), else
    ``encode(record)`` and a newline. An encoder may refuse values and keys by any exception; it must not be given a NaN.
    That of msgspec writes keys of some other types as texts.
    """

    name: str
    now: Callable[..., object]
    zone: dt.tzinfo | None
    encode: Callable[..., bytes]
    option: int

    def line(self, record: dict[str, Any]) -> bytes:
        """Return the line of a record."""
        if self.option:
            return self.encode(record, None, self.option)
        return self.encode(record) + b"\n"

    def time(self) -> object:
        """Return the current time in the form that this encoder takes best."""
        return self.now(self.zone) if self.zone else self.now()


def choose_encoding(*names: str) -> Encoding:
    """Return the encoding of the first of these packages (default: any) that can be imported, else that of ``json``."""
    for name in names or ("orjson", "msgspec"):
        module = _import(name)
        if module is not None:
            return _MAKERS[name](module)
    return _with_json(json)


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _with_orjson(orjson: Any) -> Encoding:
    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
    if sys.version_info >= (3, 12):
        return Encoding("orjson", dt.datetime.now, dt.UTC, orjson.dumps, option)
    # A time without a zone is made and encoded in half the time; from 3.12 on this call warns.
    return Encoding("orjson", dt.datetime.utcnow, None, orjson.dumps, option)


def _with_msgspec(msgspec: Any) -> Encoding:
    encoder = msgspec.json.Encoder(decimal_format="number")
    return Encoding("msgspec", dt.datetime.now, dt.UTC, encoder.encode, 0)


def _with_json(module: Any) -> Encoding:
    encoder = module.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))

    def encode(record: dict[str, Any]) -> bytes:
        "".join(record)  # refuses keys that are no texts, faster than any loop: json would write null, true and 1.5
        line: str = encoder.encode(record)
        return line.encode("ascii")

    return Encoding("json", _make_clock(), None, encode, 0)


_MAKERS: dict[str, Callable[[Any], Encoding]] = {"orjson": _with_orjson, "msgspec": _with_msgspec, "json": _with_json}


def _make_clock() -> Callable[[], str]:
    """Return a clock that writes out date and time of day only once a second; for one user at a time."""
    second_start, prefix = -(10**18), ""

    def now() -> str:
        nonlocal second_start, prefix
        nanoseconds = time.time_ns()
        micro = (nanoseconds - second_start) // 1000
        if not 0 <= micro < 1_000_000:
            second, rest = divmod(nanoseconds, 1_000_000_000)
            micro = rest // 1000
            prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            second_start = second * 1_000_000_000
        return f"{prefix}{micro:06d}Z"

    return now
