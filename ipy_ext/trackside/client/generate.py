"""Makes ``trackside.client._sync`` from ``trackside.client._async``; ``--check`` only says whether they differ.

``python -m trackside.client.generate [--check]``. Names are swapped token by token, ``async`` and ``await`` fall
away, ruff puts the result into shape.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

__all__ = ["drift", "generated", "main", "synchronous"]

_HERE = Path(__file__).parent
_HEAD = "# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.\n"
_NAMES = {
    "_async": "_sync",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_bytes": "iter_bytes",
    "aread": "read",
    "asynccontextmanager": "contextmanager",
    "awaiting": "waiting",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}


def synchronous(source: str) -> str:
    """Return the waiting form of awaiting code: pure, before it is put into shape."""
    lines = source.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(source).readline))):
        replacement = _replacement(token)
        if replacement is None:
            continue
        (row, begin), (last_row, end) = token.start, token.end
        if row != last_row:
            before, after = lines[row - 1][:begin], lines[last_row - 1][end:]
            lines[row - 1 : last_row] = [before + replacement + after]
        else:
            line = lines[row - 1]
            rest = line[end:] if replacement else line[end:].lstrip(" ")
            lines[row - 1] = line[:begin] + replacement + rest
    text = re.sub(r"  # noqa: ASYNC.*", "", "".join(lines))
    return re.sub(r"\bAwaitable\[([^\[\]]+)\]", r"\1", re.sub(r"import (.*)Awaitable, ", r"import \1", text))


def _replacement(token: tokenize.TokenInfo) -> str | None:
    """Return what stands for this token, None when it stays."""
    if token.type == tokenize.STRING:
        swapped = re.sub(r"\bAsync(?=[A-Z])", "", token.string)
        return swapped if swapped != token.string else None
    if token.type in (tokenize.NAME, tokenize.OP) and token.string in ("async", "await"):
        return ""
    if token.type != tokenize.NAME:
        return None
    if re.match(r"Async[A-Z]", token.string):
        return token.string.removeprefix("Async")
    return _NAMES.get(token.string)


def generated() -> Iterator[tuple[Path, str]]:
    """Yield path and content of every file that ``_sync`` shall have."""
    for path in sorted((_HERE / "_async").glob("*.py")):
        target = _HERE / "_sync" / path.name
        if path.name == "__init__.py":
            yield target, _HEAD + '"""The client that waits, generated from ``trackside.client._async``."""\n'
        else:
            yield target, _in_shape(_HEAD + synchronous(path.read_text("utf-8")), target)


def drift() -> list[Path]:
    """Return the files of ``_sync`` that are missing, differ, or have nothing that they come from."""
    wanted = dict(generated())
    wrong = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    return wrong + [path for path in sorted((_HERE / "_sync").glob("*.py")) if path not in wanted]


def main(argv: list[str]) -> int:
    """Write the files, or with ``--check`` name those that differ; returns the exit code."""
    if argv == ["--check"]:
        wrong = drift()
        for path in wrong:
            sys.stderr.write(f"{path} differs from what _async gives; run `python -m trackside.client.generate`.\n")
        return 1 if wrong else 0
    if argv:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    for path, text in generated():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


def _in_shape(text: str, path: Path) -> str:
    """Return the text with imports sorted and lines laid out by ruff, as the file at ``path`` would be."""
    for verb in (
        ["check", "--select", "I,F401,UP028,C416", "--fix", "--unsafe-fixes", "--quiet", "--exit-zero"],
        ["format", "--quiet"],
    ):
        command = [sys.executable, "-m", "ruff", *verb, "--stdin-filename", str(path), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
