"""JSON: one document of all that is known of the runs, ``{"format": 1, "runs": [{…meta, "config", "metrics"}]}``.

JSON has no NaN and no infinities: they are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, as in our own
files, so that any reader of JSON takes the document and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from trackside.tracking.atomic import encode_json
from trackside.tracking.exporting.contents import Contents

__all__ = ["write"]

FORMAT = 1


def write(runs: Sequence[Contents], file: BinaryIO) -> int:
    """Write the document, record by record, and return the number of records."""
    count = 0
    file.write(b'{"format": %d, "runs": [' % FORMAT)
    for place, run in enumerate(runs):
        described = encode_json(run.meta | {"config": run.config()}).rstrip().removesuffix(b"}")
        file.write((b",\n" if place else b"\n") + described + b', "metrics": [')
        for number, record in enumerate(run.records()):
            file.write((b",\n" if number else b"\n") + encode_json(record).rstrip())
            count += 1
        file.write(b"]}")
    file.write(b"]}\n")
    return count
