"""A file that appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trackside.errors import InvalidInput

__all__ = ["written_aside"]


@contextmanager
def written_aside(target: Path) -> Iterator[BinaryIO]:
    """Hold a new file beside the target; it takes the target's place at the end, and is removed after an error.

    Raises InvalidInput when the target cannot be written.
    """
    aside = target.with_name(f".{target.name}.{os.urandom(6).hex()}")
    try:
        with aside.open("xb") as file:
            yield file
        aside.replace(target)
    except OSError as error:
        raise InvalidInput(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            aside.unlink()
