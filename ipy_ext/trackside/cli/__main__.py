"""``python -m trackside.cli``: the same as ``trackside``."""

import sys

from trackside.cli import main

if __name__ == "__main__":
    sys.exit(main())
