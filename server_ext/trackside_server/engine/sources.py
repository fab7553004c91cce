"""How the source of runs differs from that of the first of them, file by file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from trackside.models import SourceDiff
from trackside.tracking.folder import RunFolder
from trackside_server.engine.records import read_bytes

__all__ = ["source_diffs", "without_source"]

_MOST_FILES = 20
_MOST_BYTES = 512 * 1024
_MOST_LINES = 5_000
_LONGEST_DIFF = 64 * 1024
_PATCH = "git.diff"


def source_diffs(ids: Sequence[str], folders: Sequence[RunFolder]) -> list[SourceDiff]:
    """Return the diffs of the files of each run against the first; a file that only one of both has is all new or gone.

    Of a run without any, and against one, there is no diff. Scripts of different names are compared with each other where both runs have but one; of notebooks, the code.
    """
    sources = [_read(folder.source) for folder in folders]
    first, others = sources[0], zip(ids[1:], sources[1:], strict=True)
    return [diff for run_id, source in others if first and source for diff in _diffs(run_id, first, source)]


def without_source(ids: Sequence[str], folders: Sequence[RunFolder]) -> list[str]:
    """Return the ids of those of which no source was kept."""
    return [run_id for run_id, folder in zip(ids, folders, strict=True) if not _names(folder.source)]


_Source = dict[str, list[str]]


def _read(folder: Path) -> _Source:
    return {name: _lines(folder / name) for name in _names(folder)[:_MOST_FILES]}


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _lines(path: Path) -> list[str]:
    content = read_bytes(path, 0, _MOST_BYTES)
    text = (_code_of(content) if path.suffix == ".ipynb" else None) or content.decode(errors="replace")
    return text.splitlines()[:_MOST_LINES]


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


def _code_of(content: bytes) -> str | None:
    try:
        cells = msgspec.json.decode(content, type=_Notebook).cells
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return "\n".join(f"# %%\n{''.join(cell.source)}\n" for cell in cells if cell.cell_type == "code")


def _diffs(run_id: str, first: _Source, other: _Source) -> Iterator[SourceDiff]:
    for before, after in _pairs(first, other):
        lines = difflib.unified_diff(
            first.get(before or "", []),
            other.get(after or "", []),
            before or "/dev/null",
            after or "/dev/null",
            lineterm="",
        )
        text = "\n".join(lines)
        if text:
            path = before if after is None else after if before in (after, None) else f"{before} → {after}"
            yield SourceDiff(run_id, path or "", text[:_LONGEST_DIFF], len(text) > _LONGEST_DIFF)


def _pairs(first: _Source, other: _Source) -> list[tuple[str | None, str | None]]:
    """Files that belong together, by name; the only two that are left over are a pair as well."""
    gone = [name for name in first if name not in other and name != _PATCH]
    new = [name for name in other if name not in first and name != _PATCH]
    named: list[tuple[str | None, str | None]] = [(name, name) for name in first if name in other]
    if len(gone) == len(new) == 1 and Path(gone[0]).suffix == Path(new[0]).suffix:
        named.append((gone[0], new[0]))
    else:
        named += [*((name, None) for name in gone), *((None, name) for name in new)]
    if (_PATCH in first) != (_PATCH in other):
        named.append((_PATCH, None) if _PATCH in first else (None, _PATCH))
    return named
