"""What a job asks for of a machine: GPUs, CPUs, memory, time."""

from __future__ import annotations

import re

import msgspec

from trackside.errors import InvalidInput
from trackside.models.units import shortened

__all__ = ["GpuRequest", "parse_cores", "parse_gpus"]

_LONGEST_TEXT = 64
_HINT = "Write '2', '0.5', 'a100', 'a100:2' or '2xa100'."
_TYPE = r"[a-z]+[a-z0-9]*(?:[-_. ][a-z0-9]+)*"
_FORMS = (
    re.compile(rf"(?P<type>{_TYPE}):(?P<count>[0-9]+)"),
    re.compile(rf"(?P<count>[0-9]+)x(?P<type>{_TYPE})"),
    re.compile(r"(?P<type>[a-z]+[a-z0-9]*(?:[-_.][a-z0-9]+)*?)[.-](?P<count>[0-9]+)x"),
    re.compile(r"(?P<type>[a-z]+[0-9]+[a-z0-9-]*?)x(?P<count>[0-9]+)"),
    re.compile(rf"(?P<type>{_TYPE})"),
)


_MAKER = re.compile(r"(?:gpu[.-])?nvidia[.-](?=[a-z])|gpu[.-](?=[a-z])")
_CORES = re.compile(r"[0-9]{1,4}(?:-[0-9]{1,4})?(?:,[0-9]{1,4}(?:-[0-9]{1,4})?)*")


class GpuRequest(msgspec.Struct, frozen=True):
    """GPUs asked for: ``count`` whole ones, or a share of one when below 1; ``type`` in lower case or None for any."""

    count: float
    type: str | None = None

    def __str__(self) -> str:
        count = f"{self.count:g}"
        return f"{self.type}:{count}" if self.type else count


def parse_gpus(value: str | float) -> GpuRequest:
    """Return the GPUs that ``2``, ``0.5``, ``a100``, ``a100:2``, ``2xa100``, ``a100x2`` or ``a100-80gb.sxm.1x`` ask for."""
    if isinstance(value, bool):
        raise InvalidInput(f"gpus: {value!r} is not a number of GPUs.", hint=_HINT)
    if isinstance(value, (int, float)):
        return _checked(value, None, value)
    text = value.strip().lower() if len(value) <= _LONGEST_TEXT else ""
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+", text):
        return _checked(float(text), None, value)
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            groups = match.groupdict()
            return _checked(float(groups.get("count") or 1), groups["type"], value)
    raise InvalidInput(f"gpus: {shortened(value)} cannot be read.", hint=_HINT)


def _checked(count: float, kind: str | None, original: str | float) -> GpuRequest:
    if kind in {"it", "instance", "gpu-instance"} or (kind or "").startswith(("it_", "it-")):
        raise InvalidInput(f"gpus: {original!r} is a vendor's id, not a type of GPU.", hint=_HINT)
    maker = _MAKER.match(kind or "")
    if maker is not None:
        plain = (kind or "")[maker.end() :]
        raise InvalidInput(f"gpus: {original!r} names a maker before the type.", hint=f"Write {plain!r}.")
    if not 0 <= count <= 4096:
        raise InvalidInput(f"gpus: {shortened(original)} is not a number of GPUs.", hint=_HINT)
    if kind and not count:
        raise InvalidInput(f"gpus: {original!r} asks for a type of GPU, but for none of it.", hint=_HINT)
    if count != int(count) and (count > 1 or count * 8 != int(count * 8)):
        raise InvalidInput(
            f"gpus: {original!r} is neither whole nor a share of one GPU.",
            hint="Shares are eighths: '0.5', '0.25', '0.125'.",
        )
    return GpuRequest(float(count), kind)


def parse_cores(text: str, *, field: str = "cores") -> list[int]:
    """Return the numbers of the cores that ``"0-3"`` or ``"0,2,4-6"`` names, each once and in order."""
    plain = text.replace(" ", "") if len(text) <= _LONGEST_TEXT else ""
    if not _CORES.fullmatch(plain):
        raise InvalidInput(f"{field}: {shortened(text)} names no cores.", hint="Write '0-3' or '0,2'.")
    found: set[int] = set()
    for part in plain.split(","):
        first, _, last = part.partition("-")
        if last and int(last) < int(first):
            raise InvalidInput(f"{field}: {shortened(part)} counts down.", hint=f"Write '{last}-{first}'.")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)
