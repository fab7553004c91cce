"""Runs a script in a job: the copy taken at submission, under the script's own name."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from trackside.cells.endings import finish, show_error
from trackside.errors import NotFound
from trackside.tracking.folder import RunFolder

__all__ = ["frozen_copy", "put_folder_first", "run_script_job"]


def run_script_job(folder: RunFolder, spec: dict[str, object], module: ModuleType) -> BaseException | None:
    """Run the frozen copy as ``__main__`` with the original's path; return what ended it."""
    original = Path(str(spec["script"]))
    content = frozen_copy(folder, original).read_bytes()
    sys.argv[0] = str(original)
    put_folder_first(str(original.parent))
    namespace = vars(module)
    namespace.update(__file__=str(original), __cached__=None, __spec__=None, __loader__=None)
    error: BaseException | None = None
    shown = ""
    try:
        exec(compile(content, str(original), "exec", dont_inherit=True), namespace)  # noqa: S102 (the user's script)
    except BaseException as raised:  # noqa: BLE001 (the end of the user's code, whatever it is)
        error = raised
        _show_the_copys_lines(original, content)
        shown = show_error(folder, raised)
    finish(folder, spec, namespace, error, shown)
    return error


def frozen_copy(folder: RunFolder, original: Path) -> Path:
    """Return the copy of a file that was taken at submission."""
    copy = folder.source / original.name
    if not copy.exists():
        raise NotFound(f"The copy of {original.name} is missing from {folder.source}.", hint="Submit the job again.")
    return copy


def put_folder_first(folder: str) -> None:
    """Let imports look beside the file first, as Python does it for a script."""
    if sys.path and sys.path[0] == "":
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)


def _show_the_copys_lines(original: Path, content: bytes) -> None:
    """A traceback reads its lines from the file, which may have been edited since."""
    import io
    import tokenize

    from trackside.cells.sources import remember

    try:
        if original.read_bytes() == content:
            return
    except OSError:
        pass
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        remember(str(original), str(original), content.decode(encoding))
    except (SyntaxError, UnicodeDecodeError):
        return
