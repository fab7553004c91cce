"""Which requests a panel in a front end may make through its kernel: what panels show and the verbs on them. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from trackside.errors import NotAllowed

__all__ = ["Permitted", "permitted"]

_READ = re.compile(r"(health|queue|gpus|system|jobs|runs)(/.*)?")
_STREAMS = re.compile(r"(events|ws|system/stream|runs/[^/]+/stream)")
_VERBS = {
    "POST": re.compile(r"jobs/[^/]+/(cancel|retry|move)|queue/(pause|resume)"),
    "DELETE": re.compile(r"(jobs|runs)/[^/]+"),
}
_RANGE = re.compile(r"bytes=\d+-\d+")


class Permitted(NamedTuple):
    """A request that may be passed on."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


def permitted(method: str, target: str, byte_range: str | None = None) -> Permitted:
    """Return the request to pass on to the API; raises NotAllowed for one that no panel makes."""
    parts = urlsplit(target)
    path = parts.path
    params = dict(parse_qsl(parts.query))
    inside = not parts.scheme and not parts.netloc and all(_is_name(name) for name in path.split("/"))
    if not inside or not _is_verb(method, path, params) or (byte_range and not _RANGE.fullmatch(byte_range)):
        raise NotAllowed(f"A panel may not ask for {method} {path}.", code="not_permitted")
    return Permitted(method, path, params, {"Range": byte_range} if byte_range else {})


def _is_verb(method: str, path: str, params: dict[str, str]) -> bool:
    if method == "GET":
        endless = _STREAMS.fullmatch(path) or params.get("follow", "0") not in ("0", "false", "")
        return bool(_READ.fullmatch(path)) and not endless
    return method in _VERBS and bool(_VERBS[method].fullmatch(path))


def _is_name(name: str) -> bool:
    """Whether a part of a path names something in its folder, rather than the folder itself or the one above."""
    return unquote(name) not in ("", ".", "..") and "/" not in unquote(name) and "\\" not in unquote(name)
