"""Reads the fields of a submission, one by one: value and name in, normalised value out.

Each reader raises ``InvalidInput`` naming the field, what is wrong with it and how to write it.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput
from trackside.models.moments import parse_moment
from trackside.models.resources import GpuRequest, parse_cores, parse_gpus
from trackside.models.spec import Dependency, Upload
from trackside.models.units import parse_duration, parse_size, shortened

__all__ = ["FIELDS"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._=,+:@-]{0,127}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 64
"""Levels of a configuration: more than anybody reads, fewer than any JSON reader refuses."""
_LONGEST_PATH = 4095
_NO_BOUND = 2**62


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
    if name.endswith((":ok", ":any", ":failed")):
        raise InvalidInput(f"{field}: {name!r} ends as a condition of --after does.", hint="Choose another end.")
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


def _params(value: object, field: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{field}: {shortened(value)} is not a mapping.", hint="Write params={'lr': 0.01}.")
    for name, item in value.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InvalidInput(f"{field}: {shortened(name)} is no name that Python can bind.")
        if not (item is None or isinstance(item, (str, int, float))):
            raise InvalidInput(f"{field}.{name}: {shortened(item)} is no number, text, bool or None.")
    return {name: _json_value(item, f"{field}.{name}", _DEEPEST) for name, item in value.items()}


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


def _number(low: float, high: float) -> Callable[[object, str], float]:
    def read(value: object, field: str) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise InvalidInput(f"{field}: {shortened(value)} is not a number.") from None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            raise InvalidInput(f"{field}: {shortened(value)} is not a number.")
        if not low <= value <= high:
            said = (
                f"Choose from {_figure(low)} to {_figure(high)}."
                if high < _NO_BOUND
                else f"Choose at least {_figure(low)}."
            )
            raise InvalidInput(f"{field}: {_figure(value)} is out of range.", hint=said)
        return float(value)

    return read


def _figure(value: float) -> str:
    """A number as its writer wrote it: no ``.0`` behind a whole one, no exponent where it can be counted."""
    if abs(value) >= 2**53:
        return shortened(value)
    return f"{int(value)}" if value == int(value) else f"{value:g}"


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


def _cores(value: object, field: str) -> list[int]:
    if isinstance(value, str):
        return parse_cores(value, field=field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, Sequence) or not value:
        raise InvalidInput(f"{field}: {shortened(value)} names no cores.", hint="Write '0-3' or [0, 1].")
    return sorted({_integer(0, 4095)(item, field) for item in value})


def _at(value: object, field: str) -> datetime:
    now = datetime.now(UTC)
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise InvalidInput(f"{field}: {shortened(value)} is not a time.", hint="Write '18:30' or '+2h'.")
    return parse_moment(value, now, field=field)


def _after(value: object, field: str) -> list[Dependency]:
    """One job, or a list: ``"41"``, ``"baseline:any"``, or as a spec has it."""
    given = [value] if isinstance(value, (str, int, Mapping)) else value
    if not isinstance(given, Sequence) or isinstance(given, bytes):
        raise InvalidInput(f"{field}: {shortened(value)} names no jobs.", hint="Write after=['41', 'baseline:any'].")
    return list(dict.fromkeys(_dependency(item, field) for item in given))


def _dependency(value: object, field: str) -> Dependency:
    if isinstance(value, Mapping):
        try:
            return msgspec.convert(value, Dependency)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"{field}: {error}.", hint="Write '41' or '41:any'.") from None
    named = _text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value, field)
    job, colon, condition = named.rpartition(":")
    if not colon or condition not in {"ok", "any", "failed"}:
        job, condition = named, "ok"
    if not job.strip():
        raise InvalidInput(f"{field}: {shortened(named)} names no job.", hint="Write '41' or '41:any'.")
    return Dependency(job.strip(), condition)  # type: ignore[arg-type]  # one of the three


def _yes_or_no(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"{field}: {shortened(value)} is neither true nor false.")
    return value


def _uploads(value: object, field: str) -> list[dict[str, object]]:
    """Paths with their modes, or as a spec has them."""
    if isinstance(value, Mapping):
        value = [{"path": path, "mode": mode} for path, mode in value.items()]
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InvalidInput(f"{field}: {shortened(value)} names no files.", hint='Write {"train.py": 493}.')
    return [_upload(item, field) for item in value]


def _upload(item: object, field: str) -> dict[str, object]:
    if isinstance(item, Upload):
        item = {"path": item.path, "mode": item.mode}
    if not isinstance(item, Mapping):
        raise InvalidInput(f"{field}: {shortened(item)} is no file.", hint='Write {"path": "train.py", "mode": 493}.')
    path = _text(item.get("path"), field)
    parts = path.rstrip("/").split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts) or len(path.encode()) > _LONGEST_PATH:
        raise InvalidInput(f"{field}: {shortened(path)} is no place below the job's folder.")
    return {"path": path, "mode": _integer(0, 0o777)(item.get("mode", 0o644), f"{field}.mode")}


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
    "cpus": _number(0.001, 4096),
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
    "params": _params,
    "uploads": _uploads,
    "staging": _staging,
    "cores": _cores,
    "max_iops": _integer(1, _NO_BOUND),
    "max_output": _size,
    "max_processes": _integer(1, 4_194_304),
    "max_cost_per_hour": _number(0, _NO_BOUND),
    "group": _name,
    "max_parallel": _integer(1, 1_000_000),
    "at": _at,
    "after": _after,
    "retries": _integer(0, 1000),
    "requeue": _yes_or_no,
    "notify": _yes_or_no,
    "share_gpu": _yes_or_no,
}
"""The reader of each field."""
