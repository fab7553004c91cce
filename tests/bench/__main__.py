"""``python -m tests.bench [PART…]``: every speed bar, measured beside its floor or peer in the same run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tests.bench.rows import show


def main() -> None:
    """Run the parts named on the command line, or all."""
    parts = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = sys.argv[1:] or parts
    for part in chosen:
        if part not in parts:
            sys.exit(f"there is no part {part!r}; there are {', '.join(parts)}")
        print(f"── {part}")
        show(importlib.import_module(f"tests.bench.bench_{part}").rows())


if __name__ == "__main__":
    main()
