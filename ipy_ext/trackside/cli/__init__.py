"""The verbs of Trackside in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit code."""
    from trackside.cli.program import run

    return run(argv)
