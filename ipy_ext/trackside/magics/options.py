"""Reads what stands behind a magic's name, with sentences for what cannot be read."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trackside.errors import InvalidInput

__all__ = ["Arguments", "Option", "Usage", "read_arguments"]


@dataclass(frozen=True)
class Option:
    """One option: ``flags`` as typed, short one first; ``value`` is the word for its value, None for a switch.

    ``many``: ``"no"``, ``"each"`` (may be given several times) or ``"rest"`` (takes all words up to the next option).
    """

    flags: tuple[str, ...]
    help: str
    value: str | None = None
    many: str = "no"

    @property
    def name(self) -> str:
        """The long flag without its dashes."""
        return self.flags[-1].lstrip("-")


@dataclass(frozen=True)
class Usage:
    """What a magic takes.

    ``words`` is how the words that are no options read in the help, empty when it takes none; ``later`` are options
    that a coming version will take.
    """

    magic: str
    summary: str
    options: tuple[Option, ...] = ()
    words: str = ""
    examples: tuple[str, ...] = ()
    later: tuple[str, ...] = ()

    @property
    def flags(self) -> Mapping[str, Option]:
        """Every flag and its option."""
        return {flag: option for option in self.options for flag in option.flags}


@dataclass
class Arguments:
    """What was typed: values by option name, other words, and the raw text behind ``--`` (None: there was none)."""

    usage: Usage
    values: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    rest: str | None = None

    def has(self, name: str) -> bool:
        """Whether this option was given."""
        return name in self.values

    def text(self, name: str) -> str | None:
        """The value of an option, None when it was not given."""
        values = self.values.get(name)
        return values[-1] if values else None

    def texts(self, name: str) -> list[str]:
        """All values of an option."""
        return list(self.values.get(name, ()))

    def names(self, name: str) -> list[str]:
        """All values of an option, split at commas."""
        return [part.strip() for value in self.texts(name) for part in value.split(",") if part.strip()]

    def whole(self, name: str, default: int) -> int:
        """The value of an option as a whole number above 0."""
        text = self.text(name)
        if text is None:
            return default
        if not text.isdigit() or int(text) == 0:
            raise InvalidInput(f"--{name}: {text!r} is not a whole number above 0.")
        return int(text)

    def fraction(self, name: str) -> float:
        """The value of an option as a number from 0 up to, but not, 1; 0 when it was not given."""
        text = self.text(name) or "0"
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < 1:
            raise InvalidInput(f"--{name}: {text!r} is not a number from 0 up to 1.", hint=f"Write --{name} 0.6.")
        return number


def read_arguments(usage: Usage, line: str) -> Arguments:
    """Return what a line behind a magic says.

    Raises ``InvalidInput`` naming the word, with near options when one was mistyped.
    """
    head, rest = _split_rest(line)
    arguments = Arguments(usage, rest=rest)
    words = _split_words(usage, head)
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("-") or word == "-" or re.fullmatch(r"-[\d.]+", word):
            arguments.words.append(word)
            continue
        option, attached = _find_option(usage, word)
        position = _take_value(arguments, option, word, attached, words, position)
    if arguments.words and not usage.words:
        raise InvalidInput(f"{usage.magic} takes options only; {arguments.words[0]!r} is not one.", hint=_help(usage))
    return arguments


def _split_rest(line: str) -> tuple[str, str | None]:
    """Cut the line at the first ``--`` that stands alone outside quotes."""
    for match in re.finditer(r"(?:^|(?<=\s))--(?=\s|$)", line):
        try:
            shlex.split(line[: match.start()])
        except ValueError:
            continue
        return line[: match.start()], line[match.end() :].strip()
    return line, None


def _split_words(usage: Usage, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise InvalidInput(f"{usage.magic}: a quotation mark is not closed in {text.strip()!r}.") from None


def _find_option(usage: Usage, word: str) -> tuple[Option, str | None]:
    """Return the option of ``--name``, ``--name=value``, ``-n`` or ``-nvalue``, and the value attached to it."""
    flags = usage.flags
    flag, equals, value = word.partition("=")
    if flag in flags:
        return flags[flag], value if equals else None
    if not word.startswith("--") and word[:2] in flags and flags[word[:2]].value is not None:
        return flags[word[:2]], word[2:]
    if flag in usage.later:
        raise InvalidInput(f"{flag} is not built in this version of Trackside.", hint=_help(usage), code="not_built")
    raise InvalidInput(
        f"{flag} is not an option of {usage.magic}.",
        hint=_near(flag, flags) or _help(usage),
        code="unknown_option",
    )


def _near(flag: str, flags: Iterable[str]) -> str:
    """Name the long options near a wrong one; the dashes, which all have, do not count."""
    words = [name[2:] for name in flags if name.startswith("--")]
    close = [f"--{word}" for word in difflib.get_close_matches(flag.lstrip("-"), words, n=2, cutoff=0.6)]
    return f"Did you mean {' or '.join(close)}?" if close else ""


def _take_value(
    arguments: Arguments, option: Option, word: str, attached: str | None, words: Sequence[str], position: int
) -> int:
    """Store the option's value or values; return the position of the next word."""
    values = arguments.values.setdefault(option.name, [])
    if option.value is None:
        if attached is not None:
            raise InvalidInput(f"{word.partition('=')[0]} takes no value, {attached!r} was given.")
        return position
    if values and option.many == "no":
        raise InvalidInput(f"{word} was given twice.", hint=f"{arguments.usage.magic} takes it once.")
    if attached is not None:
        values.append(attached)
    elif position < len(words) and not _is_flag(arguments.usage, words[position]):
        values.append(words[position])
        position += 1
    else:
        raise InvalidInput(f"{word} needs a value.", hint=f"Write {word} {option.value}.")
    while option.many == "rest" and position < len(words) and not words[position].startswith("-"):
        values.append(words[position])
        position += 1
    return position


def _is_flag(usage: Usage, word: str) -> bool:
    return word.partition("=")[0] in usage.flags


def _help(usage: Usage) -> str:
    return f"{usage.magic}? shows what it takes."
