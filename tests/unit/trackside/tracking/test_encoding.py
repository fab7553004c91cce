import json
import re
import sys

import pytest

from trackside.tracking.clock import timestamp
from trackside.tracking.encoding import choose_encoding

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


@pytest.mark.parametrize("name", ["orjson", "msgspec", "json"])
def test_each_encoder_writes_the_same_line(name: str) -> None:
    encoding = choose_encoding(name)
    assert encoding.name == name
    line = encoding.line({"_idx": 3, "_timestamp": encoding.time(), "loss": 0.25, "ok": True, "none": None, "ü": "ü"})
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    record = json.loads(line)
    assert STAMP.fullmatch(record.pop("_timestamp"))
    assert record == {"_idx": 3, "loss": 0.25, "ok": True, "none": None, "ü": "ü"}


def test_without_any_package_the_standard_library_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("orjson", "msgspec"):
        monkeypatch.setitem(sys.modules, name, None)
    assert choose_encoding().name == "json"


def test_the_clock_of_the_standard_library_rises_and_agrees_with_the_other_ones() -> None:
    encoding = choose_encoding("json")
    stamps = [timestamp(), *(str(encoding.time()) for _ in range(100)), timestamp()]
    assert stamps == sorted(stamps)


def test_the_clock_goes_on_into_the_next_second_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [1_000_000_000_999_999_999, 1_000_000_001_000_000_999, 999_999_999_500_000_000]
    monkeypatch.setattr("time.time_ns", iter(times).__next__)
    encoding = choose_encoding("json")
    assert [encoding.time() for _ in times] == [
        "2001-09-09T01:46:40.999999Z",
        "2001-09-09T01:46:41.000000Z",
        "2001-09-09T01:46:39.500000Z",
    ]


def test_a_time_is_written_in_utc() -> None:
    assert timestamp(0.0) == "1970-01-01T00:00:00.000000Z"
