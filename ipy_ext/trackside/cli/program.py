"""The ``trackside`` program: reads the command line, runs one verb, turns its end into an exit code.

Exit codes: 0 ok · 1 error · 2 usage · 3 invalid input · 4 not found · 5 not allowed · 6 try again · 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import NoReturn

from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput, NotAllowed, NotFound, TracksideError, TryAgain, near, set_log_level

__all__ = ["exit_code", "parser", "run"]

_VERBS = (
    "submit", "jobs", "show", "logs", "explain", "cancel", "retry", "pause", "resume", "delete", "runs", "compare", "artifacts", "import", "export", "gpus", "server", "doctor", "reindex", "prune",
    "schema", "completion",
)  # fmt: skip
_NOT_SO = re.compile(r"-[^-\d].")
_USAGE = 2
_INTERRUPTED = 130


class UsageError(TracksideError):
    """The command line cannot be read."""

    default_code = "usage"


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    if "_ARGCOMPLETE" in os.environ:
        from trackside.cli.completion import complete

        complete(parser())
    words = list(sys.argv[1:] if argv is None else argv)
    terminal = Terminal(json="--json" in words[: words.index("--")] if "--" in words else "--json" in words)
    try:
        _say_more(os.environ.get("TRACKSIDE_LOG"))
        arguments = _read(words)
        terminal.url, terminal.token = arguments.url, arguments.token
        terminal.certificates = (arguments.ca_cert, arguments.client_cert, arguments.client_key)
        code = arguments.run(terminal, arguments)
        terminal.flush()
    except TracksideError as error:
        terminal.fail(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _silence()  # whoever read us has read enough
        return 0
    finally:
        terminal.close()
    return int(code or 0)


def exit_code(error: TracksideError) -> int:
    """Return the exit code that tells a script what it can do next."""
    families = ((UsageError, _USAGE), (InvalidInput, 3), (NotFound, 4), (NotAllowed, 5), (TryAgain, 6))
    return next((code for family, code in families if isinstance(error, family)), 1)


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the reader of the command line, for all verbs or, since that is quicker, for one."""
    top = _Parser(
        prog="trackside",
        description="Put work on the side track: jobs that outlive kernel and server.",
        allow_abbrev=False,
        parents=[_everywhere(None)],
    )
    verbs = top.add_subparsers(metavar="VERB", required=True, parser_class=_Parser)
    for name in (only,) if only else _VERBS:
        verb = import_module(f"trackside.cli.{name}{'_' * iskeyword(name)}")
        summary = (verb.__doc__ or "").splitlines()[0]
        behind = _everywhere(argparse.SUPPRESS)
        one = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False, parents=[behind])
        one.set_defaults(run=verb.run, verb=name)
        verb.add_arguments(one)
    return top


class _Parser(argparse.ArgumentParser):
    """Raises what it would print, so that ``--json`` holds for usage errors too."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the message as a sentence."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", hint=f"See `{self.prog} --help`.")


def _everywhere(default: str | None) -> _Parser:
    """Return the options that stand before or behind the verb; behind it, absence must not undo what stood before."""
    options = _Parser(add_help=False, allow_abbrev=False)
    options.add_argument(
        "--json", action="store_true", default=default or False, help='answer as JSON: {"data": …, "error": …}'
    )
    options.add_argument("--url", default=default, help="URL of the server (else TRACKSIDE_URL, else found)")
    options.add_argument("--token", default=default, help="its token; TRACKSIDE_TOKEN shows it to nobody else")
    options.add_argument("--ca-cert", metavar="FILE", default=default, help="authority that its certificate comes from")
    options.add_argument("--client-cert", metavar="FILE", default=default, help="certificate that it asks of you")
    options.add_argument("--client-key", metavar="FILE", default=default, help="key of that, where it lies apart")
    return options


def _read(words: list[str]) -> argparse.Namespace:
    first = next((word for word in words if not word.startswith("-")), None)
    if words and words[0] == first and first not in _VERBS:
        hint = near(first, _VERBS) or f"Known: {', '.join(_VERBS)}."
        raise UsageError(f"{first!r} is not a verb of trackside.", hint=hint)
    own, rest = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, None)
    if first == "runs":
        own = [f" {word}" if _NOT_SO.match(word) else word for word in own]  # a word of a query, no option
    arguments, unknown = parser(first if words and words[0] == first else None).parse_known_args(own)
    if unknown:
        raise _unknown(unknown[0], arguments)
    if rest is not None and arguments.verb != "submit":
        raise UsageError("Nothing can stand behind -- here.", hint="Only submit takes a command.")
    arguments.rest = rest
    return arguments


def _unknown(word: str, arguments: argparse.Namespace) -> UsageError:
    """Return what is said of a word that the verb does not take, with the near options."""
    options = [f"--{name.replace('_', '-')}" for name in vars(arguments) if name not in ("run", "verb")]
    hint = near(word.partition("=")[0], options) if word.startswith("--") else ""
    return UsageError(
        f"`trackside {arguments.verb}` does not take {word!r}.",
        hint=hint or f"See `trackside {arguments.verb} --help`.",
    )


def _say_more(level: str | None) -> None:
    """Show on stderr what goes on, as ``TRACKSIDE_LOG=debug`` asks."""
    if level:
        try:
            set_log_level(level)
        except ValueError as error:
            raise InvalidInput(
                f"TRACKSIDE_LOG: {level!r} is no level.", hint="Write debug, info or warning."
            ) from error


def _silence() -> None:
    """Let the interpreter's own last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
