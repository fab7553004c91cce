# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""One keep-alive connection to a server that is found at the first request and found anew when it has moved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple, TypeVar

import httpx

from trackside.client.address import Address
from trackside.client.answers import decoded, refusal
from trackside.client.failures import CAUGHT, NEVER_SENT, failure
from trackside.client.tls import tls_context
from trackside.client.waiting import Flow, Lock, call, owner
from trackside.errors import Conflict, InvalidInput, NotAllowed, ServerUnreachable, TracksideError

__all__ = ["Connection", "Finder", "Params"]

T = TypeVar("T")
Params = Mapping[str, "str | int | float | None"]
Finder = Callable[[bool, bool], Address]
"""Returns the server; the first flag asks candidates whether they answer, the second allows to start one."""

_log = logging.getLogger(__name__)
_TRIES = 3
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=300.0)


class _Line(NamedTuple):
    """A server and the connections to it."""

    address: Address
    http: httpx.Client


class _Call(NamedTuple):
    """One request."""

    method: str
    path: str
    params: Params | None = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None
    limits: httpx.Timeout = _TIMEOUT
    most: int | None = None


class Connection:
    """Sends requests; every failure comes out as an error of ``trackside.errors``.

    A request that was never sent goes to the server found anew; one that may be repeated is repeated once when the
    connection broke. After a fork, and on another event loop, new connections are made.
    """

    def __init__(self, find: Finder, *, transport: httpx.BaseTransport | None = None) -> None:
        self._find = find
        self._transport = transport
        self._lock = Lock()
        self._line: _Line | None = None
        self._owner: tuple[int, object] | None = None
        self._closed = False

    def address(self) -> Address:
        """Return the server's address, finding it first where that has not happened yet."""
        line = self._connected()
        return line.address

    def get(self, path: str, wanted: type[T], params: Params | None = None, *, start: bool = True) -> T:
        """Return the wire value that lies at this path; ``start`` allows to start a server where there is none."""
        answer = self.answer("GET", path, params=params, repeat=True, start=start)
        return self._decoded(answer, wanted)

    def value(
        self,
        method: str,
        path: str,
        wanted: type[T],
        *,
        params: Params | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> T:
        """Return the wire value that this request is answered with."""
        answer = self.answer(method, path, params=params, content=content, headers=headers, repeat=repeat)
        return self._decoded(answer, wanted)

    def answer(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
        start: bool = True,
        most: int | None = None,
    ) -> httpx.Response:
        """Return the whole answer; ``repeat`` says that the request may arrive twice without harm.

        Raises InvalidInput when it says that it is longer than ``most`` bytes.
        """
        call = _Call(method, path, params, content, headers, most=most)
        return self._sent(call, whole=True, repeat=repeat, start=start)

    @contextmanager
    def opened(
        self, path: str, params: Params | None, headers: Mapping[str, str], *, idle: float, start: bool = True
    ) -> Iterator[httpx.Response]:
        """Hold the answer to a GET whose body comes by and by; silence of ``idle`` seconds is a lost connection."""
        call = _Call("GET", path, params, None, headers, httpx.Timeout(60.0, connect=5.0, read=idle))
        response = self._sent(call, whole=False, repeat=True, start=start)
        try:
            yield response
        finally:
            response.close()

    def chunks(self, response: httpx.Response) -> Flow[bytes]:
        """Yield the body of an answer that is held open."""
        address = self.address()
        try:
            yield from response.iter_bytes()
        except CAUGHT as error:
            raise failure(error, address) from error

    def close(self) -> None:
        """Close the connections; later requests raise Conflict."""
        self._closed = True
        line, self._line = self._line, None
        if line is not None and self._owner == owner():
            line.http.close()

    def _sent(self, call: _Call, *, whole: bool, repeat: bool, start: bool) -> httpx.Response:
        """Send the request, again where that helps and does no harm; return the answer, whole or as it begins."""
        tries = 1
        while True:
            line = self._connected(start=start)
            try:
                return self._sent_once(line, call, whole=whole)
            except TracksideError as error:
                if tries == _TRIES or not self._may_go_on(line, error, repeat=repeat, start=start):
                    raise
                _log.debug("%s %s again: %s", call.method, call.path, error)
            tries += 1

    def _sent_once(self, line: _Line, call: _Call, *, whole: bool) -> httpx.Response:
        params = {key: value for key, value in (call.params or {}).items() if value is not None}
        try:
            request = line.http.build_request(
                call.method,
                line.address.api + call.path,
                params=params,
                content=call.content,
                headers=call.headers,
                timeout=call.limits,
            )
            response = line.http.send(request, stream=True)
            try:
                if whole or not response.is_success:
                    _check_size(response, call)
                    response.read()
            except BaseException:
                response.close()
                raise
        except CAUGHT as error:
            raise failure(error, line.address) from error
        except RuntimeError as error:
            if not line.http.is_closed:
                raise
            raise ServerUnreachable(f"{line.address.url} was left.", code="connection_refused") from error
        if not response.is_success:
            raise refusal(response.status_code, response.headers, response.content, line.address)
        return response

    def _decoded(self, answer: httpx.Response, wanted: type[T]) -> T:
        address = self.address()
        return decoded(answer.content, wanted, address, content_type=answer.headers.get("content-type", ""))

    def _may_go_on(self, line: _Line, error: TracksideError, *, repeat: bool, start: bool) -> bool:
        """Return whether the request shall be sent again, after looking for the server anew where that may help."""
        if isinstance(error, ServerUnreachable) and error.code == "connection_lost":
            return repeat
        if error.code in NEVER_SENT or isinstance(error, NotAllowed):
            return line.address.is_found and self._move(line, start=start)
        return False

    def _connected(self, *, start: bool = True) -> _Line:
        if self._closed:
            raise Conflict("This client is closed.", hint="Make a new one.", code="closed")
        if self._line is not None and self._owner == owner():
            return self._line
        with self._lock:
            if self._line is None or self._owner != owner():
                address = self._line.address if self._line is not None else self._found(check=False, start=start)
                self._line, self._owner = _Line(address, self._http(address)), owner()
            return self._line

    def _move(self, line: _Line, *, start: bool) -> bool:
        """Replace the line by one to the server as it is found now; False when that is the same as before."""
        with self._lock:
            if self._line is not line:
                return True  # somebody else has just moved
            address = self._found(check=True, start=start)
            if address == line.address:
                return False
            _log.debug("the server moved from %s to %s", line.address, address)
            self._line = _Line(address, self._http(address))
        line.http.close()
        return True

    def _found(self, *, check: bool, start: bool) -> Address:
        return call(lambda: self._find(check, start))

    def _http(self, address: Address) -> httpx.Client:
        headers = {"User-Agent": "trackside"}
        if address.token:
            headers["Authorization"] = f"Bearer {address.token}"
        return httpx.Client(
            headers=headers,
            verify=tls_context(address),
            trust_env=not address.is_loopback,
            timeout=_TIMEOUT,
            limits=_LIMITS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # no login outlives its token
            transport=self._transport,
        )


def _check_size(response: httpx.Response, call: _Call) -> None:
    size = int(response.headers.get("content-length", "0"))
    if call.most is not None and size > call.most:
        raise InvalidInput(f"The answer to {call.method} {call.path} is too long: {size} bytes.", code="too_large")
