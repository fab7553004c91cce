"""Media in wandb's history: dicts with a ``_type``, whose files lie in the folder ``files/`` of the run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from trackside.errors import NotLoggable
from trackside.tracking.importing.draft import Draft
from trackside.tracking.media.content import Content
from trackside.tracking.media.histogram import histogram
from trackside.tracking.media.image import picture
from trackside.tracking.media.table import table

__all__ = ["WandbMedia"]

Medium = Mapping[str, object]


class _Piece(NamedTuple):
    content: Content
    caption: str | None = None


class WandbMedia:
    """Finds the files of media, inside the folder of the run only, and keeps them in a draft."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._readers: dict[str, Callable[[str, Medium], Iterator[_Piece]]] = {
            "image-file": self._image,
            "images/separated": self._images,
            "histogram": self._histogram,
            "table-file": self._table,
            "html-file": self._page,
        }

    def keep(self, draft: Draft, key: str, medium: Medium, seconds: float, step: float | None) -> None:
        """Keep one medium; what cannot be kept is named by the draft."""
        reader = self._readers.get(str(medium.get("_type")), self._other)
        try:
            for piece in reader(key, medium):
                draft.keep(key, piece.content, seconds, step, piece.caption)
        except NotLoggable as error:
            draft.leave_out(error)

    def _image(self, key: str, medium: Medium) -> Iterator[_Piece]:
        yield _Piece(picture("image", key, self._bytes(key, medium.get("path"))), _text(medium.get("caption")))

    def _images(self, key: str, medium: Medium) -> Iterator[_Piece]:
        names, captions = _list(medium.get("filenames")), _list(medium.get("captions"))
        for place, name in enumerate(names):
            caption = _text(captions[place]) if place < len(captions) else None
            yield _Piece(picture("image", key, self._bytes(key, name)), caption)

    def _histogram(self, key: str, medium: Medium) -> Iterator[_Piece]:
        """Bins are spelt out, or packed when their widths are the same."""
        counts, edges = _list(medium.get("values")), _list(medium.get("bins"))
        packed = medium.get("packedBins")
        if isinstance(packed, Mapping):
            low, width = (float(str(packed.get(name))) for name in ("min", "size"))
            edges = [low + width * place for place in range(len(counts) + 1)]
        yield _Piece(histogram(key, (counts, edges)))

    def _table(self, key: str, medium: Medium) -> Iterator[_Piece]:
        told = json.loads(self._bytes(key, medium.get("path")))
        columns, rows = [str(name) for name in told["columns"]], told["data"]
        cells = {name: [_cell(row[place]) for row in rows] for place, name in enumerate(columns)}
        yield _Piece(table(key, cells))

    def _page(self, key: str, medium: Medium) -> Iterator[_Piece]:
        yield _Piece(Content("figure", "html", self._bytes(key, medium.get("path"))), _text(medium.get("caption")))

    def _other(self, key: str, medium: Medium) -> Iterator[_Piece]:
        """Sounds, videos, … are kept as the files that they are."""
        kind = str(medium.get("_type")).removesuffix("-file")
        data = self._bytes(key, medium.get("path"))
        ending = Path(str(medium["path"])).suffix.lstrip(".")
        yield _Piece(Content(kind, ending if ending.isalnum() else "bin", data), _text(medium.get("caption")))

    def _bytes(self, key: str, name: object) -> bytes:
        """Return a file of the folder. Raises NotLoggable when it is gone, or its name leads out of the folder."""
        top = os.path.realpath(self._folder)
        path = os.path.realpath(os.path.join(top, str(name)))  # noqa: PTH118  realpath and Path disagree on ".."
        if not path.startswith(top + os.sep):
            raise NotLoggable(f"{key!r}: its file {str(name)[:200]!r} is not in the folder of the run.")
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise NotLoggable(f"{key!r}: its file {str(name)[:200]!r} cannot be read: {error.strerror}.") from error


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, str)) else json.dumps(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
