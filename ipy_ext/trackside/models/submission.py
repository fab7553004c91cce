"""What a client sends to submit a job, read into a ``JobSpec``; every spelling a person may use is accepted here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, near
from trackside.models.resources import GpuRequest, parse_gpus
from trackside.models.spec import KINDS, JobSpec
from trackside.models.units import parse_duration, parse_size, shortened

__all__ = ["FIELDS", "Submission", "parse_submission"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._=,+:@-]{0,127}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 64
"""Levels of a configuration: more than anybody reads, fewer than any JSON reader refuses."""
_LONGEST_PATH = 4095
_NO_BOUND = 2**62


class Submission(msgspec.Struct, frozen=True):
    """A spec with the values that travel beside it and are never written in clear.

    ``environment`` is the submitter's own (None: the server's is used); ``secrets`` map names to values.
    """

    spec: JobSpec
    environment: dict[str, str] | None = None
    secrets: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Submission {self.spec.kind} {self.spec.name or 'unnamed'}>"


def parse_submission(raw: Mapping[str, object]) -> Submission:
    """Return the submission that these JSON fields (the keyword names of ``trackside.submit``) describe.

    Raises ``InvalidInput`` naming the field, what is wrong with it and how to write it.
    """
    for field in raw:
        if field not in FIELDS:
            raise InvalidInput(
                f"{shortened(field)} is not something a job can ask for.",
                hint=near(field[:64], FIELDS) or f"Known: {', '.join(sorted(FIELDS))}.",
                code="unknown_field",
            )
    given = {field: value for field, value in raw.items() if value is not None}
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        said = f"{' and '.join(kinds)} were given" if kinds else "none was given"
        raise InvalidInput(f"A job needs exactly one of {', '.join(KINDS)}; {said}.")
    values = {field: FIELDS[field](given[field], field) for field in given}
    environment = _environment(given["environment"], "environment") if "environment" in given else None
    secrets = _env(given["secrets"], "secrets") if "secrets" in given else {}
    _check_whole(values)
    values |= {"environment": sorted(environment or {}), "secrets": sorted(secrets)}
    spec = msgspec.convert(values, JobSpec, strict=True)
    return Submission(spec, environment, secrets)


def _check_whole(values: Mapping[str, object]) -> None:
    gpus = values.get("gpus")
    if values.get("gpu_memory") and not (isinstance(gpus, GpuRequest) and gpus.count):
        raise InvalidInput("gpu_memory was given, but no GPU.", hint="Ask for one with gpus=1.")
    if values.get("command") is not None:
        for field, why in (("args", "Write them into the command itself."), ("outputs", "A command binds no names.")):
            if values.get(field):
                raise InvalidInput(f"{field} was given with a command.", hint=why)
    if values.get("function") is not None and values.get("staging") is None:
        raise InvalidInput("function was given without staging, where it lies.", hint="Use trackside.submit(function).")


# One reader per field: value and field name in, normalised value out.


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{field}: {shortened(value)} is not a text.")
    if not value.strip():
        raise InvalidInput(f"{field} is empty.")
    if not _is_plain(value):
        raise InvalidInput(f"{field} contains a NUL character or half a character.", hint="Remove it.")
    return value


def _is_plain(value: object) -> bool:
    """Whether this is a text that a file, an argument and a JSON document can hold: no NUL, no lone surrogate."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _texts(value: object, field: str) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidInput(f"{field}: {shortened(value)} is not a list of texts.", hint=f"Write {field}=['…'].")
    for item in value:
        if not _is_plain(item):
            raise InvalidInput(f"{field}: {shortened(item)} is not a text.")
    return list(value)


def _command(value: object, field: str) -> list[str] | str:
    if isinstance(value, str):
        return _text(value, field)
    command = _texts(value, field)
    if not command or not command[0].strip():
        raise InvalidInput("command is empty.", hint="Write command=['python', 'train.py'].")
    return command


def _name(value: object, field: str) -> str:
    name = _text(value, field)
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{field}: {shortened(name)} cannot be a job's name.",
            hint="Begin with a letter or digit; then letters, digits, space and . _ = , + : @ - (128 at most).",
        )
    if re.fullmatch(r"(job-)?\d+|local-.*", name):
        raise InvalidInput(f"{field}: {name!r} looks like an id.", hint="Choose a name with a letter first.")
    return name


def _absolute(value: object, field: str) -> str:
    text = _text(value, field)
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise InvalidInput(f"{field}: {shortened(text)} names a user that is not here.") from None
    if not path.is_absolute():
        raise InvalidInput(f"{field}: {shortened(text)} is not absolute.", hint="The server cannot know your folder.")
    if len(str(path).encode()) > _LONGEST_PATH:
        raise InvalidInput(f"{field}: {shortened(text)} is longer than a path can be.")
    return str(path)


def _env(value: object, field: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{field}: a {type(value).__name__} is not a mapping of names to texts.")
    for key, item in value.items():
        if not isinstance(key, str) or not _ENV_NAME.fullmatch(key):
            raise InvalidInput(f"{field}: {shortened(key)} is not a variable's name.")
        if not _is_plain(item):
            raise InvalidInput(f"{field}: the value of {key!r} is not a text.")
    return dict(value)


def _environment(value: object, field: str) -> dict[str, str]:
    """The carried environment may hold names that a shell cannot write (``BASH_FUNC_x%%``); only texts are checked."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{field}: {type(value).__name__} is not a mapping of names to texts.")
    return {str(key): str(item) for key, item in value.items() if "\0" not in f"{key}{item}" and "=" not in str(key)}


def _config(value: object, field: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{field}: {shortened(value)} is not a mapping.", hint="Write config={'lr': 0.01}.")
    return {str(key): _json_value(item, f"{field}.{key}", _DEEPEST) for key, item in value.items()}


def _json_value(value: object, place: str, levels: int) -> object:
    """The value with NaN and infinities spelt; refused where no reader could take it."""
    if isinstance(value, str) and not _is_plain(value.replace("\0", "")):
        raise InvalidInput(f"{shortened(place)} holds half a character.", hint="Remove it.")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    if not levels:
        raise InvalidInput(f"{shortened(place)} is nested too deeply.", hint=f"At most {_DEEPEST} levels.")
    if isinstance(value, Mapping):
        return {str(key): _json_value(item, f"{place}.{key}", levels - 1) for key, item in value.items()}
    return [_json_value(item, place, levels - 1) for item in value]


def _number(low: float, high: float, *, above: bool = False) -> Callable[[object, str], float]:
    def read(value: object, field: str) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise InvalidInput(f"{field}: {shortened(value)} is not a number.") from None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            raise InvalidInput(f"{field}: {shortened(value)} is not a number.")
        if not low <= value <= high or (above and value == low):
            said = f"Choose from {low:g} to {high:g}." if high < _NO_BOUND else f"Choose at least {low:g}."
            raise InvalidInput(f"{field}: {shortened(value)} is out of range.", hint=said)
        return float(value)

    return read


def _integer(low: int, high: int) -> Callable[[object, str], int]:
    number = _number(low, high)

    def read(value: object, field: str) -> int:
        whole = number(value, field)
        if whole != int(whole):
            raise InvalidInput(f"{field}: {shortened(value)} is not a whole number.")
        return int(whole)

    return read


def _gpus(value: object, field: str) -> GpuRequest:
    if isinstance(value, Mapping):  # as a spec has it
        value = _request_text(value, field)
    if not isinstance(value, (str, int, float)):
        raise InvalidInput(f"{field}: {shortened(value)} cannot be read.", hint="Write '2', 'a100' or 'a100:2'.")
    return parse_gpus(value)


def _request_text(value: Mapping[object, object], field: str) -> str:
    try:
        return str(msgspec.convert(value, GpuRequest))
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{field}: {error}.", hint="Write '2', 'a100' or 'a100:2'.") from None


def _size(value: object, field: str) -> int:
    if isinstance(value, str):
        return parse_size(value, field=field)
    return _integer(1, _NO_BOUND)(value, field)


def _time(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidInput(f"{field}: {shortened(value)} is not a length of time.", hint="Write '2h' or '01:30:00'.")
    return parse_duration(value, field=field)


def _grace(value: object, field: str) -> float:
    """Like a time, but 0 (no grace) is meant."""
    if isinstance(value, str) and not re.fullmatch(r"\s*[\d.]+\s*", value):
        value = parse_duration(value, field=field)
    return _number(0, 86400)(value, field)


def _outputs(value: object, field: str) -> list[str]:
    names = _texts(value, field)
    for name in names:
        if not name.isidentifier():
            raise InvalidInput(f"{field}: {shortened(name)} is not a name that a cell could bind.")
    return list(dict.fromkeys(names))


def _staging(value: object, field: str) -> str:
    folder = _text(value, field)
    if not re.fullmatch(r"[a-z0-9-]{8,64}", folder):
        raise InvalidInput(f"{field}: {shortened(folder)} is not the id of a staging folder.")
    return folder


FIELDS: Mapping[str, Callable[[object, str], object]] = {
    "command": _command,
    "cell": _text,
    "script": _absolute,
    "notebook": _absolute,
    "function": _text,
    "args": _texts,
    "name": _name,
    "tags": _texts,
    "config": _config,
    "gpus": _gpus,
    "gpu_memory": _size,
    "cpus": _number(0, 4096, above=True),
    "memory": _size,
    "time": _time,
    "grace": _grace,
    "priority": _integer(-1_000_000, 1_000_000),
    "workdir": _absolute,
    "env": _env,
    "environment": _environment,
    "secrets": _env,
    "python": _text,
    "sys_path": _texts,
    "outputs": _outputs,
    "staging": _staging,
}
