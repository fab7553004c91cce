"""Files that travel with a job: which they are, and how they get to the server."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cells.staging import link
from trackside.errors import InvalidInput, TryAgain
from trackside.sdk.staging import home_of

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

    from trackside.client import Client

__all__ = ["Item", "collect", "uploaded", "uploaded_all", "without_uploads"]

_MOST = 20_000
_IGNORED = ".gitignore"
_NEVER = {".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Item:
    """One file: where it lies in the job's folder (``/`` at the end: an empty folder), its mode, where it comes from."""

    path: str
    mode: int
    source: Path | bytes


def collect(uploads: object, base: Path | None = None) -> list[Item]:
    """Return the files that are meant, each once; a later one of the same place counts.

    ``uploads``: paths of files and folders; or places in the job's folder mapped to paths or bytes; or mappings with
    ``path``, ``content`` and ``mode``. Of folders everything but what their ``.gitignore`` names; relative paths are
    seen from ``base`` (default: here), and keep their folders. Raises InvalidInput for what is not there.
    """
    base = Path.cwd() if base is None else base
    found: dict[str, Item] = {}
    for item in _items(uploads, base):
        found[item.path] = item
        if len(found) > _MOST:
            raise InvalidInput(
                f"uploads: more than {_MOST:,} files.", hint=f"Name fewer, or leave some out in {_IGNORED}."
            )
    return list(found.values())


def _items(uploads: object, base: Path) -> Iterator[Item]:
    if isinstance(uploads, (str, Path)):
        uploads = [uploads]
    if isinstance(uploads, Mapping) and "content" not in uploads:
        for place, source in uploads.items():
            yield from _placed(str(place), source, base)
        return
    if isinstance(uploads, Mapping):
        uploads = [uploads]
    if not isinstance(uploads, Sequence) or isinstance(uploads, bytes):
        raise InvalidInput(f"uploads: a {type(uploads).__name__} names no files.", hint="Write ['train.py', 'conf/'].")
    for each in uploads:
        if isinstance(each, Mapping):
            yield from _described(each)
        else:
            yield from _named(Path(each).expanduser(), base)


def _named(path: Path, base: Path) -> Iterator[Item]:
    """A file or folder that keeps its place below ``base``; one from elsewhere comes under its own name."""
    source = Path(os.path.abspath(base / path))  # noqa: PTH100  # resolve would follow a link to another name
    place = source.relative_to(base).as_posix() if source.is_relative_to(base) else source.name
    yield from _placed(place, source, base)


def _placed(place: str, source: object, base: Path) -> Iterator[Item]:
    if isinstance(source, bytes):
        yield Item(place, 0o644, source)
        return
    if not isinstance(source, (str, Path)):
        raise InvalidInput(f"uploads: {place!r} is given as {type(source).__name__}.", hint="Give a path or bytes.")
    path = base / Path(source).expanduser()
    if path.is_dir():
        yield from _inside(path, "" if place in (".", "") else place.rstrip("/") + "/", [])
    elif path.is_file():
        yield Item(place, stat.S_IMODE(path.stat().st_mode) & 0o777, path)
    else:
        raise InvalidInput(f"uploads: there is no file {str(path)!r}.", code="no_such_file")


def _described(given: Mapping[str, object]) -> Iterator[Item]:
    """One as ``{"path": …, "content": b"…", "mode": 0o755, "is_directory": False}``."""
    unknown = set(given) - {"path", "content", "mode", "is_directory"}
    if unknown:
        raise InvalidInput(f"uploads: {min(unknown)!r} is nothing that a file has.", hint="path, content, mode.")
    place, content, mode = str(given.get("path", "")), given.get("content", b""), given.get("mode")
    if given.get("is_directory"):
        yield Item(place.rstrip("/") + "/", 0o755, b"")
        return
    if not isinstance(content, (bytes, str)):
        raise InvalidInput(f"uploads: the content of {place!r} is no bytes.")
    data = content.encode() if isinstance(content, str) else content
    yield Item(place, mode if isinstance(mode, int) else 0o644, data)


def _inside(folder: Path, place: str, ignoring: list[tuple[Path, GitIgnoreSpec]]) -> Iterator[Item]:
    """Everything of a folder that no ``.gitignore`` of it or above it, as far as it is uploaded, leaves out."""
    own = folder / _IGNORED
    if own.is_file():
        from pathspec import GitIgnoreSpec

        lines = own.read_text(encoding="utf-8", errors="replace").splitlines()
        ignoring = [*ignoring, (folder, GitIgnoreSpec.from_lines(lines))]
    empty = True
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        path, is_folder = Path(entry.path), entry.is_dir()
        if entry.name in _NEVER or _is_ignored(path, ignoring, is_folder=is_folder):
            continue
        if is_folder and not entry.is_symlink():
            yield from _inside(path, f"{place}{entry.name}/", ignoring)
        elif entry.is_file():
            yield Item(place + entry.name, stat.S_IMODE(entry.stat().st_mode) & 0o777, path)
        else:
            continue
        empty = False
    if empty and place:
        yield Item(place, 0o755, b"")


def _is_ignored(path: Path, ignoring: Iterable[tuple[Path, GitIgnoreSpec]], *, is_folder: bool) -> bool:
    ignored = False
    for root, spec in ignoring:
        said = spec.check_file(path.relative_to(root).as_posix() + "/" * is_folder).include
        ignored = ignored if said is None else said
    return ignored


def without_uploads(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields as they are read before anything is uploaded, or where nothing will be."""
    return {name: value for name, value in fields.items() if name != "uploads"}


@contextlib.contextmanager
def uploaded(client: Client, fields: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """Give the fields of a submission with its uploads at the server; see ``uploaded_all``."""
    with uploaded_all(client, [fields]) as (complete,):
        yield complete


@contextlib.contextmanager
def uploaded_all(client: Client, submissions: Sequence[Mapping[str, object]]) -> Iterator[list[dict[str, object]]]:
    """Give the fields of submissions with their uploads at the server; what was put there goes if it is not taken.

    A server of this machine gets copies, one of each file for neighbours with the same uploads; another one gets the
    bytes over the network. Raises TryAgain for what cannot be read or written.
    """
    complete: list[dict[str, object]] = []
    made: list[Path] = []
    before: _Brought | None = None
    try:
        for fields in submissions:
            given, uploads = without_uploads(fields), fields.get("uploads")
            if uploads:
                if given.get("workdir") == str(Path.cwd()):
                    del given["workdir"]  # that of here; the files make a folder of their own
                before = _bring(client, given.get("staging"), uploads, before, made)
                wire = [{"path": item.path, "mode": item.mode} for item in before.items]
                given |= {"staging": before.staging, "uploads": wire}
            complete.append(given)
        yield complete
    except BaseException:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        raise


@dataclass(frozen=True)
class _Brought:
    """Uploads that are at the server: what was meant, which files, in which staging folder (None: on another machine)."""

    meant: object
    items: list[Item]
    staging: str
    folder: Path | None


def _bring(client: Client, staging: object, uploads: object, before: _Brought | None, made: list[Path]) -> _Brought:
    """Bring uploads into the staging folder that there is, or a new one, which is added to ``made``."""
    same = before if before is not None and before.meant is uploads else None
    items = collect(uploads) if same is None else same.items
    name = str(staging or secrets.token_hex(16))
    folder = _folder_here(client, name)
    if folder is not None and staging is None:
        made.append(folder)
    try:
        if folder is None:
            _send(client, name, items)
        else:
            _lay(folder, items, None if same is None else same.folder)
    except OSError as error:
        raise TryAgain(
            f"The uploads could not be brought to the server: {error.filename or 'a file'}: {error.strerror or error}.",
            hint="Check the rights of the file and the room there.",
            code="not_uploaded",
        ) from error
    return _Brought(uploads, items, name, folder)


def _folder_here(client: Client, staging: str) -> Path | None:
    """The staging folder, where the server's home is within reach."""
    try:
        return home_of(client) / "staging" / staging
    except InvalidInput as error:
        if error.code != "not_this_machine":
            raise
        return None


def _send(client: Client, staging: str, items: Sequence[Item]) -> None:
    """Send files; the folder is there even if none of them is."""
    for item in items:
        if not item.path.endswith("/"):
            client.jobs.upload(staging, f"uploads/{item.path}", item.source)
    if all(item.path.endswith("/") for item in items):
        client.jobs.upload(staging, ".folders", b"")


def _lay(folder: Path, items: Sequence[Item], same: Path | None) -> None:
    """Copy files below a staging folder; ``same`` has them already, for links."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for item in items:
        if item.path.endswith("/"):
            continue
        path = folder / "uploads" / item.path
        if not Path(os.path.abspath(path)).is_relative_to(folder / "uploads"):  # noqa: PTH100
            raise InvalidInput(f"uploads: {item.path!r} leads out of the job's folder.")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if same is not None:
            link(same / "uploads" / item.path, path)
        elif isinstance(item.source, bytes):
            path.write_bytes(item.source)
        else:
            shutil.copyfile(item.source, path)
