"""What went wrong below us, said in one sentence of our own error tree. No error of ``httpx`` or ``ssl`` gets out.

Codes of ``ServerUnreachable``: ``connection_refused``, ``unknown_host``, ``unreachable`` (never sent),
``connection_lost``, ``timed_out`` (perhaps done), ``gateway``, ``no_server``, ``not_trackside``; of ``NotAllowed``:
``tls_unknown_ca``, ``tls_expired``, ``tls_host_name``, ``tls_client_certificate``, ``not_signed_in``.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from trackside.client.address import Address
from trackside.errors import InvalidInput, NotAllowed, ServerUnreachable, TracksideError

__all__ = ["CAUGHT", "NEVER_SENT", "PASSING", "failure"]

CAUGHT: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
NEVER_SENT: Final = frozenset({"connection_refused", "unknown_host", "unreachable"})
PASSING: Final = NEVER_SENT | {"connection_lost", "timed_out", "gateway", "no_server", "try_again"}
"""Codes of failures that may be over in a moment, so that a stream comes back."""

_EXPIRED = frozenset({9, 10})
_OTHER_HOST = frozenset({62, 63, 64})


def failure(error: Exception, address: Address) -> TracksideError:
    """Return the error to raise instead of one of ``CAUGHT``."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return _of_tls(cause, address)
    for cause in causes:
        if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
            found = _of_socket(cause, address)
            if found is not None:
                return found
    return _of_http(error, address)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, what caused it, and so on down; groups (of tries to connect) are looked into."""
    while error is not None:
        yield error
        for one in getattr(error, "exceptions", ()):
            yield from _causes(one)
        error = error.__cause__ or error.__context__


def _of_tls(error: ssl.SSLError, address: Address) -> TracksideError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, address)
    reason = (error.reason or str(error)).upper()
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason or "RECORD_LAYER_FAILURE" in reason:
        return InvalidInput(
            f"{address.url} does not speak TLS.", hint="Write the URL with http://.", code="tls_not_spoken"
        )
    if "ALERT" in reason or "HANDSHAKE_FAILURE" in reason:
        shown = "does not accept the client certificate" if address.client_cert else "asks for a client certificate"
        return NotAllowed(
            f"{address.url} {shown} ({reason.lower().replace('_', ' ')}).",
            hint="Give client_cert='…' and client_key='…', signed by the CA that the server trusts.",
            code="tls_client_certificate",
        )
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _lost(address)
    return ServerUnreachable(f"{address.url} could not agree on TLS with this client: {reason.lower()}.", code="tls")


def _of_certificate(error: ssl.SSLCertVerificationError, address: Address) -> TracksideError:
    host = httpx.URL(address.url).host
    if error.verify_code in _EXPIRED:
        return NotAllowed(
            f"The certificate of {address.url} has expired or is not valid yet.",
            hint="Renew it on the server, or check the clock of this machine.",
            code="tls_expired",
        )
    if error.verify_code in _OTHER_HOST:
        return NotAllowed(
            f"The certificate of {address.url} is not made out for {host!r}.",
            hint="Use the host name that the certificate names.",
            code="tls_host_name",
        )
    return NotAllowed(
        f"The certificate of {address.url} is signed by a CA that is not trusted here ({error.verify_message}).",
        hint="Give the CA with ca_cert='ca.pem'.",
        code="tls_unknown_ca",
    )


def _of_socket(error: OSError, address: Address) -> TracksideError | None:
    if isinstance(error, socket.gaierror):
        return ServerUnreachable(
            f"The host of {address.url} is not known.",
            hint="Check the name, or the network that it belongs to.",
            code="unknown_host",
        )
    if isinstance(error, ConnectionRefusedError):
        hint = "Its server has ended." if address.is_found else "Is the server running, and is the URL right?"
        return ServerUnreachable(f"Nothing listens at {address.url}.", hint=hint, code="connection_refused")
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return _lost(address)
    if error.errno is None or not error.strerror:
        return None  # a summary of other errors
    return ServerUnreachable(f"{address.url} cannot be reached: {error.strerror}.", code="unreachable")


def _of_http(error: Exception, address: Address) -> TracksideError:
    if isinstance(error, httpx.ConnectTimeout):
        return ServerUnreachable(
            f"{address.url} cannot be reached: no answer.", hint="Is a firewall between?", code="unreachable"
        )
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return ServerUnreachable(
            f"{address.url} took the request, but did not answer in time.", hint="It may be busy.", code="timed_out"
        )
    if isinstance(error, httpx.ProxyError):
        return ServerUnreachable(
            f"The proxy on the way to {address.url} refused: {error}.",
            hint="Set NO_PROXY for this host if no proxy is needed.",
            code="gateway",
        )
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return InvalidInput(f"The request to {address.url} cannot be made: {error}.")
    if isinstance(error, httpx.ConnectError):
        return ServerUnreachable(f"{address.url} cannot be reached: {error}.", code="unreachable")
    return _lost(address)


def _lost(address: Address) -> ServerUnreachable:
    hint = "If the server speaks TLS, write https://." if _may_need_tls(address) else ""
    return ServerUnreachable(f"The connection to {address.url} was lost.", hint=hint, code="connection_lost")


def _may_need_tls(address: Address) -> bool:
    return address.url.startswith("http:") and not address.is_found
