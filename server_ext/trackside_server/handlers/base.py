"""What every route has in common: who may call it, how an error is told, how a value is written."""

from __future__ import annotations

import errno
import gzip
import hashlib
import hmac
import json
import logging
from asyncio import Future
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from jupyter_server.auth import IdentityProvider, User
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.web import HTTPError, MissingArgumentError

from trackside.errors import (
    Conflict,
    InternalError,
    InvalidInput,
    NotAllowed,
    NotFound,
    TooManyRequests,
    TracksideError,
    TryAgain,
)
from trackside_server.handlers.bounds import Bounds

if TYPE_CHECKING:
    from trackside_server.engine.core import Core
    from trackside_server.handlers.entrance import Entrance

__all__ = ["HTTP_STATUS", "Route", "TracksideHandler", "error_body", "status_of"]

HTTP_STATUS: Mapping[type[TracksideError], int] = {
    InvalidInput: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooManyRequests: 429,
    TryAgain: 503,
    InternalError: 500,
    TracksideError: 500,
}
"""The HTTP status of each family of errors; the nearest base class decides."""

_T = TypeVar("_T")
_LOG = logging.getLogger("trackside.server")
_WORTH_PACKING = 16 * 1024
"""Bytes of an answer that are sent packed: 1 ms for 100 kB, which becomes 10."""
_QUICK_TO_PACK = 1024 * 1024
"""Bytes beyond which it would keep all others waiting for more than 10 ms."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of JSON that one request may bring."""


def status_of(error: TracksideError) -> int:
    """Return the HTTP status that this error is answered with."""
    return next(HTTP_STATUS[family] for family in type(error).__mro__ if family in HTTP_STATUS)


def error_body(error: TracksideError) -> bytes:
    """Return the JSON that this error is answered with."""
    return msgspec.json.encode({"error": {"code": error.code, "message": error.message, "hint": error.hint}})


class _BySecret(IdentityProvider):
    """Knows the caller who presented this server's own secret."""

    def get_user(self, handler: object) -> User:
        return User("trackside", name="Trackside client")

    def is_token_authenticated(self, handler: object) -> bool:
        return True

    def should_check_origin(self, handler: object) -> bool:
        return False


class Route(ExtensionHandlerMixin):
    """The parts that HTTP routes and the WebSocket share: our secret beside Jupyter's own ways to sign in."""

    auth_resource = "trackside"
    _track_activity = False  # our own requests run in the background; running jobs count as activity, not we

    core: Core
    """The engine's core; set before the method runs."""

    async def enter(self) -> None:
        """Wait until the engine is up."""
        entrance: Entrance = self.settings["trackside_entrance"]
        self.core = await entrance.enter()

    @property
    def identity_provider(self) -> IdentityProvider:
        """Jupyter's own, unless the caller presented this server's secret."""
        if self._has_secret():
            return _BySecret(parent=self.serverapp)
        return super().identity_provider

    def _has_secret(self) -> bool:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        expected: str = self.settings["trackside_secret"]
        return scheme.lower() in {"bearer", "token"} and hmac.compare_digest(token.strip().encode(), expected.encode())


class TracksideHandler(Route, APIHandler):
    """A JSON route: read, one engine call, write."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Begin a request."""
        super().initialize(*args, **kwargs)
        self.gone: Future[None] = Future()

    def on_connection_close(self) -> None:
        """Tell a stream that its reader is gone."""
        if not self.gone.done():
            self.gone.set_result(None)
        super().on_connection_close()

    async def prepare(self) -> None:
        """Let Jupyter decide who this is; only those whom it knows wait until the engine is up."""
        await super().prepare()
        if self.current_user:
            bounds: Bounds = self.settings["trackside_bounds"]
            bounds.take(self._caller())
            await self.enter()

    def _caller(self) -> str:
        """Whose requests are counted together: to Jupyter, who brings a token is somebody new each time."""
        by_token = self.token_authenticated and not self._has_secret()
        return f"token from {self.request.remote_ip}" if by_token else str(self.current_user.username)

    def option(self, name: str, read: Callable[[str], _T], default: _T) -> _T:
        """Return a query option read by ``read``; ``InvalidInput`` when it cannot be read."""
        text = self.get_query_argument(name, None)
        if text is None:
            return default
        try:
            return read(text)
        except ValueError:
            raise InvalidInput(f"{name}: {text!r} cannot be read.", hint="See the API's description.") from None

    def json_body(self) -> object:
        """Return the request's JSON."""
        body = self.request.body or b"{}"
        if len(body) > _LARGEST:
            raise HTTPError(413)
        try:
            return _decoded(body)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"The request's body is not JSON: {error}.") from None

    def json_object(self) -> dict[str, object]:
        """Return the request's JSON object."""
        body = self.json_body()
        if not isinstance(body, dict):
            raise InvalidInput("The request's body is not a JSON object.")
        return body

    def answer(self, value: object, status: int = 200) -> None:
        """Finish with a value as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Vary", "Accept-Encoding")
        body = self._packed(msgspec.json.encode(value))
        if status == 200 and self.request.method == "GET":
            self.set_header("Etag", f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
            if self.check_etag_header():
                self.set_status(304)
                self.finish()
                return
        self.finish(body)

    def _packed(self, body: bytes) -> bytes:
        """A long body as gzip, where the caller takes it and is not on this machine; its ETag is that of these bytes."""
        headers = self.request.headers
        if (
            not _WORTH_PACKING <= len(body) <= _QUICK_TO_PACK
            or "gzip" not in headers.get("Accept-Encoding", "")
            or self._is_near()
        ):
            return body
        self.set_header("Content-Encoding", "gzip")
        return gzip.compress(body, 1, mtime=0)

    def _is_near(self) -> bool:
        """Whether the caller is on this machine and nothing lies between, so that bytes cost less than packing them."""
        through = any(
            name in self.request.headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via")
        )
        return not through and self.request.remote_ip in ("127.0.0.1", "::1")

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None, **options: Any) -> Future[None]:
        """Finish; the content type that was set stays."""
        kind = self._headers.get("Content-Type")
        return cast("Future[None]", super().finish(chunk, set_content_type=kind, **options))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every error in one shape: ``{"error": {"code", "message", "hint"}}``."""
        error = _as_ours(kwargs.get("exc_info", (None, None))[1], status_code)
        self.set_status(status_of(error) if not isinstance(error, _Plain) else status_code)
        if isinstance(error, TooManyRequests):
            self.set_header("Retry-After", "1")
        self.set_header("Content-Type", "application/json")
        self.finish(error_body(error))

    def log_exception(self, typ: object, value: object, tb: object) -> None:
        """An error that the caller can mend is no news for the server's log."""
        if not isinstance(value, TracksideError) or isinstance(value, InternalError):
            super().log_exception(typ, value, tb)


class _Plain(TracksideError):
    """An HTTP error of Jupyter's or Tornado's own, with its status kept."""


_PLAIN = {
    401: ("not_allowed", "This server does not know you.", "Give its token: Client(url, token=…)."),
    403: ("not_allowed", "This server does not know you, or you may not do this.", "Check the token and your rights."),
    404: ("not_found", "There is no such address.", "See the API's description."),
    405: ("method_not_allowed", "This address does not take this method.", "See the API's description."),
    413: ("too_large", "The request is too large.", "Carry big values in through the staging folder."),
}


def _decoded(body: bytes) -> object:
    """The JSON of a body; the standard library takes what it writes itself: bare NaN, halves of characters."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        try:
            return json.loads(body)
        except ValueError:
            raise error from None


_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


def _as_ours(error: object, status: int) -> TracksideError:
    if isinstance(error, TracksideError):
        return error
    if isinstance(error, MissingArgumentError):
        return InvalidInput(f"The option {error.arg_name!r} is missing.")
    if isinstance(error, msgspec.ValidationError):
        return InvalidInput(f"{error}.")
    if isinstance(error, OSError) and error.errno in _DISK:
        return TryAgain(
            f"The home cannot be read or written: {error.strerror}.",
            hint="Free some space or mend its rights, then repeat.",
            code="home_not_writable",
        )
    if isinstance(error, HTTPError) or status in _PLAIN:
        code, message, hint = _PLAIN.get(status, ("http_error", getattr(error, "log_message", None) or "Refused.", ""))
        return _Plain(message, hint=hint, code=code)
    return InternalError(
        f"Trackside failed on this request: {type(error).__name__}.",
        hint="The server's log has the details; report it.",
    )
