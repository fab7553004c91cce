"""Completion behind our magics: options, names of the notebook, names of jobs and runs, metrics, files."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from trackside.errors import TracksideError
from trackside.magics import usages
from trackside.magics.options import Usage

if TYPE_CHECKING:
    from trackside.magics.session import Session

__all__ = ["Completer", "candidates"]

_log = logging.getLogger(__name__)
_LINE = re.compile(r"\s*(%{1,2})(\w+)\s+(.*)$", re.DOTALL)
_KEEP = 3.0
_USAGES: Mapping[str, Usage] = {usage.magic: usage for usage in usages.ALL}
_NAMES_OF = {
    "--config": "namespace",
    "--in": "namespace",
    "--run": "runs",
    "--after": "jobs",
    "--tag": "tags",
    "--gpus": "gpus",
}  # by the long flag
_WORDS_OF = {
    "%logs": "jobs",
    "%cancel": "jobs",
    "%retry": "jobs",
    "%artifacts": "runs",
    "%compare": "runs",
    "%submit": "files",
    "%track": "metrics",
}
_STATUSES = ("scheduled", "pending", "running", "completed", "failed", "cancelled")
Source = Callable[[str], Iterable[str]]


class Completer:
    """A matcher of IPython's completer, for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, tuple[float, list[str]]] = {}

    @context_matcher(identifier="trackside")  # type: ignore[untyped-decorator]  # IPython is not followed
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return what may stand at the cursor; nothing for lines that are not ours."""
        match = _LINE.match(context.text_until_cursor)
        usage = _USAGES.get(match[1] + match[2]) if match else None
        if match is None or usage is None or (match[1] == "%%" and context.cursor_line > 0):
            return {"completions": []}
        fragment = re.split(r"[\s=,]", match[3])[-1]
        found = [SimpleCompletion(text) for text in candidates(usage, match[3], self._source)]
        return {"completions": found, "matched_fragment": fragment, "suppress": bool(found)}

    def _source(self, kind: str) -> Iterable[str]:
        if kind == "namespace":
            return [name for name in self._session.namespace if not name.startswith("_")]
        until, names = self._known.get(kind, (0.0, []))
        if time.monotonic() >= until:
            names = self._ask(kind)
            self._known[kind] = (time.monotonic() + _KEEP, names)
        return names

    def _ask(self, kind: str) -> list[str]:
        """Ask the server; completion stays silent when it cannot be asked."""
        client = self._session.client
        try:
            if kind == "jobs":
                return [name for job in client.jobs.list(limit=50).jobs for name in (job.name, job.id)]
            if kind == "runs":
                return [name for run in client.runs.list(limit=50).runs for name in (run.name, run.id)]
            if kind == "tags":
                jobs, runs = client.jobs.list(limit=50).jobs, client.runs.list(limit=50).runs
                return sorted(
                    {tag for job in jobs for tag in job.spec.tags} | {tag for run in runs for tag in run.tags}
                )
            if kind == "gpus":
                return sorted({word for gpu in client.gpus().gpus for word in _type_words(gpu.name)})
            run = self._session.own_run()
            return list(client.runs.metrics(run, max_points=2).series) if run else []
        except TracksideError as error:
            _log.debug("no completion of %s: %s", kind, error)
            return []


def candidates(usage: Usage, text: str, source: Source) -> list[str]:
    """Return what may stand at the end of ``text``, the line behind the magic; ``source`` gives names of a kind. Pure.

    Kinds: ``namespace``, ``jobs``, ``runs``, ``metrics``, ``tags``, ``gpus``.
    """
    words = re.split(r"[\s=]+", text)
    word, before = words[-1], words[:-1]
    if "--" in before:
        return []
    typed = word.rpartition(",")[2]
    if word.startswith("-"):
        return [flag for flag in usage.flags if flag.startswith(word) and flag.startswith("--")]
    option = _option_waiting(usage, before)
    if option is not None:
        kind = _NAMES_OF.get(option, "statuses" if option == "--status" else "")
    else:
        kind = _WORDS_OF.get(usage.magic, "")
    if kind == "files":
        return list(_files(word))
    names: Iterable[str] = _STATUSES if kind == "statuses" else source(kind) if kind else ()
    return [_quoted(name) for name in dict.fromkeys(names) if name.startswith(typed)]


def _option_waiting(usage: Usage, before: list[str]) -> str | None:
    """Return the flag whose value stands at the cursor, None when a word stands there."""
    flags = usage.flags
    for distance, word in enumerate(reversed(before)):
        option = flags.get(word)
        if option is not None:
            takes = option.value is not None and (distance == 0 or option.many == "rest")
            return option.flags[-1] if takes else None
    return None


def _type_words(name: str) -> list[str]:
    """Return the words of a product name that tell it from others: ``a100`` of ``NVIDIA A100-SXM4-80GB``."""
    words = re.split(r"[-\s]+", name.lower())
    return [word for word in words if re.fullmatch(r"[a-z]{0,3}\d{1,4}[a-z]{0,2}", word) and not word.endswith("gb")][
        :1
    ]


def _files(word: str) -> Iterator[str]:
    """Yield scripts, notebooks and folders that begin like this."""
    folder, _, begin = word.rpartition("/")
    try:
        items = sorted(Path(f"{folder}/" if folder or word.startswith("/") else ".").expanduser().iterdir())
    except OSError:
        return
    for item in items:
        if item.name.startswith(begin) and (begin or not item.name.startswith(".")):
            shown = f"{folder}/{item.name}" if "/" in word else item.name
            if item.is_dir():
                yield f"{shown}/"
            elif item.suffix in (".py", ".ipynb"):
                yield shown


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name
