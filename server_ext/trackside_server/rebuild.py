"""``python -m trackside_server.rebuild``: builds the store of a home anew; answers one line of JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from trackside.errors import TracksideError
from trackside_server.engine.reindex import reindex

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Do it, and say what came of it or why not."""
    parser = argparse.ArgumentParser(prog="python -m trackside_server.rebuild", description=__doc__)
    parser.add_argument("--home", required=True, help="folder of jobs and runs")
    parser.add_argument("--force", action="store_true", help="also when the store is whole")
    parser.add_argument("--release", action="store_true", help="let jobs start that waited, but those with secrets")
    options = parser.parse_args(argv)
    try:
        done = reindex(Path(options.home), force=options.force, release=options.release)
    except TracksideError as error:
        print(json.dumps({"error": {"code": error.code, "message": error.message, "hint": error.hint}}))  # noqa: T201
        return 1
    print(json.dumps(dataclasses.asdict(done)))  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
