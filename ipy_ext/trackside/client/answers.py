"""What an HTTP answer means: a wire value, or an error of our tree. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from trackside.client.address import Address
from trackside.errors import (
    InternalError,
    InvalidInput,
    NotAllowed,
    ServerUnreachable,
    TracksideError,
    TryAgain,
    from_wire,
)

__all__ = ["decoded", "refusal"]

T = TypeVar("T")
_GATEWAY = frozenset({424, 502, 503, 504})


class _Said(msgspec.Struct, frozen=True):
    code: str
    message: str
    hint: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: _Said


def decoded(content: bytes, wanted: type[T], address: Address, *, content_type: str = "application/json") -> T:
    """Return the wire value in a successful answer; an answer that is none is somebody else's."""
    if content_type.startswith("text/html"):
        raise _stranger(address, "with a web page")
    try:
        return msgspec.json.decode(content, type=wanted)
    except msgspec.ValidationError as error:
        raise InternalError(
            f"An answer of {address.url} is not understood here: {error}.",
            hint="Do server and client have the same version of Trackside?",
            code="unknown_answer",
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ServerUnreachable(
            f"An answer of {address.url} came damaged: {error}.", hint="Try again.", code="connection_lost"
        ) from error


def refusal(status: int, headers: Mapping[str, str], content: bytes, address: Address) -> TracksideError:
    """Return the error that an answer with this status, below 200 or from 300 on, stands for."""
    said = _said(content)
    if status == 401 or (status == 403 and (said is None or said.code == "not_allowed")):
        return _not_signed_in(address)
    if said is not None:
        return from_wire(status, said.code, said.message, said.hint)
    if 300 <= status < 400:
        return _redirected(headers.get("location", ""), address)
    if status in (404, 405):
        return _stranger(address, f"with status {status}")
    if status in _GATEWAY:
        return ServerUnreachable(
            f"Something before {address.url} answers {status}: no server behind it.",
            hint="It may be starting.",
            code="gateway",
        )
    if status == 413:
        return InvalidInput(f"{address.url} refuses a request of this size (413).", hint="Raise its body size limit.")
    if status == 429:
        return TryAgain(f"{address.url} has too much to do (429).", hint="Try again in a moment.")
    return InternalError(f"{address.url} answers with status {status}{_excerpt(content)}.", code="unknown_answer")


def _said(content: bytes) -> _Said | None:
    try:
        return msgspec.json.decode(content, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _not_signed_in(address: Address) -> NotAllowed:
    what = "the token is wrong, or it may not do this" if address.token else "no token was given"
    return NotAllowed(f"{address.url} does not let us in: {what}.", hint=_other_token(address), code="not_signed_in")


def _other_token(address: Address) -> str:
    if address.source == "environment":
        return "Set TRACKSIDE_TOKEN to the token of the server at TRACKSIDE_URL."
    if address.source == "hub":
        return "The token of JUPYTERHUB_API_TOKEN may lack the scope access:servers."
    return "Give another one with token='…', --token or TRACKSIDE_TOKEN (`jupyter server list` shows it)."


def _redirected(target: str, address: Address) -> TracksideError:
    if "login" in target or "oauth" in target:
        return _not_signed_in(address)
    return ServerUnreachable(
        f"{address.url} sends us on to {target.partition('?')[0] or 'nowhere'}.",
        hint="Give the URL that it ends at.",
        code="not_trackside",
    )


def _stranger(address: Address, how: str) -> ServerUnreachable:
    return ServerUnreachable(
        f"{address.url} answers {how}, but is not a Trackside server.",
        hint="Is the extension installed and enabled there (`jupyter server extension list`), and the base URL right?",
        code="not_trackside",
    )


def _excerpt(content: bytes) -> str:
    text = " ".join(content[:200].decode("utf-8", "replace").split())
    return f" ({text})" if text and not text.startswith("<") else ""
