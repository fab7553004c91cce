"""Every failure below the client, made for real where a machine allows it, comes out as one of our errors."""

import inspect
import socket
import ssl
import threading
from contextlib import contextmanager

import httpx
import pytest
from tests.certificates import Authority
from tests.talking import Recorder

from trackside.client import Client
from trackside.client.address import Address
from trackside.client.failures import CAUGHT, failure
from trackside.errors import InvalidInput, NotAllowed, ServerUnreachable, TracksideError

HERE = Address("http://lab:8888/")


@contextmanager
def listening(behave, context=None):
    """A server that treats each connection in its own way; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve():
            while True:
                try:
                    plain, _ = server.accept()
                except OSError:
                    return
                plain.settimeout(10)
                try:
                    behave(context.wrap_socket(plain, server_side=True) if context else plain)
                except OSError:
                    plain.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def answering(answer):
    def behave(connection):
        connection.recv(65536)
        connection.sendall(answer)
        connection.close()

    return behave


def tls(pair, ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    if ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)
    return context


def asked(url, **how):
    with Client(url, "t", **how) as client, pytest.raises(TracksideError) as told:
        client.info()
    return told.value


HEALTH = b'{"ok": true, "version": "1", "home": "/h", "home_id": "h", "pid": 1, "schedules": true, "scheduler_pid": 1}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
    len(HEALTH),
    HEALTH,
)


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = asked(f"http://127.0.0.1:{port}/")
    assert isinstance(error, ServerUnreachable)
    assert error.code == "connection_refused"
    assert f"Nothing listens at http://127.0.0.1:{port}/." in str(error)


def test_a_host_that_is_not_known():
    error = asked("http://no-such-host.invalid/")
    assert (type(error), error.code) == (ServerUnreachable, "unknown_host")


def test_a_connection_closed_without_an_answer():
    with listening(lambda connection: connection.close()) as port:
        error = asked(f"http://127.0.0.1:{port}/")
    assert error.code == "connection_lost"
    assert "https://" in error.hint


def test_an_answer_that_ends_in_the_middle():
    with listening(answering(OK[:-20])) as port:
        assert asked(f"http://127.0.0.1:{port}/").code == "connection_lost"


def test_an_answer_that_is_not_http():
    with listening(answering(b"SSH-2.0-OpenSSH_9.2\r\n")) as port:
        assert asked(f"http://127.0.0.1:{port}/").code == "connection_lost"


def test_a_server_that_speaks_plain_http_where_tls_was_asked_for():
    with listening(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        error = asked(f"https://127.0.0.1:{port}/")
    assert (type(error), error.code) == (InvalidInput, "tls_not_spoken")
    assert "http://" in error.hint


def test_a_certificate_of_an_authority_that_is_not_trusted(tmp_path):
    pair = Authority(tmp_path).issue("server", "127.0.0.1")
    with listening(answering(OK), tls(pair)) as port:
        error = asked(f"https://127.0.0.1:{port}/")
        assert (type(error), error.code) == (NotAllowed, "tls_unknown_ca")
        assert "ca_cert=" in error.hint
        other = Authority(tmp_path, "Other CA")
        assert asked(f"https://127.0.0.1:{port}/", ca_cert=other.ca).code == "tls_unknown_ca"


def test_a_certificate_that_has_expired(tmp_path):
    authority = Authority(tmp_path)
    with listening(answering(OK), tls(authority.issue("server", "127.0.0.1", days=-2))) as port:
        error = asked(f"https://127.0.0.1:{port}/", ca_cert=authority.ca)
    assert (type(error), error.code) == (NotAllowed, "tls_expired")
    assert "Renew it" in error.hint


def test_a_certificate_for_another_host(tmp_path):
    authority = Authority(tmp_path)
    with listening(answering(OK), tls(authority.issue("server", "lab.example.org"))) as port:
        error = asked(f"https://127.0.0.1:{port}/", ca_cert=authority.ca)
    assert (type(error), error.code) == (NotAllowed, "tls_host_name")
    assert "not made out for '127.0.0.1'" in error.message


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_asks_for_a_client_certificate(tmp_path, version):
    authority = Authority(tmp_path)
    context = tls(authority.issue("server", "127.0.0.1"), authority.ca)
    context.maximum_version = version
    with listening(answering(OK), context) as port:
        error = asked(f"https://127.0.0.1:{port}/", ca_cert=authority.ca)
        assert (type(error), error.code) == (NotAllowed, "tls_client_certificate")
        assert "asks for a client certificate" in error.message
        wrong = Authority(tmp_path, "Other CA").issue("stranger")
        error = asked(f"https://127.0.0.1:{port}/", ca_cert=authority.ca, client_cert=wrong.cert, client_key=wrong.key)
        assert "does not accept the client certificate" in error.message


def test_the_right_certificates_on_both_sides_are_let_in(tmp_path):
    authority = Authority(tmp_path)
    own = authority.issue("ann")
    context = tls(authority.issue("server", "127.0.0.1"), authority.ca)
    with listening(answering(OK), context) as port:
        how = {"ca_cert": authority.ca, "client_cert": own.cert, "client_key": own.key}
        with Client(f"https://127.0.0.1:{port}/", "t", **how) as client:
            assert client.info().home == "/h"


def test_files_of_certificates_that_cannot_be_used_are_named(tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    authority = Authority(tmp_path)
    pair, other = authority.issue("a"), authority.issue("b")
    url = "https://127.0.0.1:1/"
    assert "missing.pem cannot be used: No such file" in str(asked(url, ca_cert=str(tmp_path / "missing.pem")))
    assert "ca_cert" in str(asked(url, ca_cert=str(broken)))
    assert "client_cert" in str(asked(url, ca_cert=authority.ca, client_cert=str(broken)))
    assert "client_key" in str(asked(url, ca_cert=authority.ca, client_cert=pair.cert, client_key=other.key))
    with pytest.raises(InvalidInput, match="without client_cert"):
        Client(url, client_key=pair.key)


def every_error():
    for name, kind in vars(httpx).items():
        if inspect.isclass(kind) and issubclass(kind, Exception):
            yield pytest.param(kind, id=name)


def made(kind):
    if kind is httpx.HTTPStatusError:
        return kind("x", request=httpx.Request("GET", "http://lab/"), response=httpx.Response(500))
    return kind("x") if "message" in inspect.signature(kind).parameters else kind()


@pytest.mark.parametrize("kind", [kind for kind in every_error() if kind.values[0] is not httpx.CookieConflict])
def test_no_error_of_httpx_gets_out(kind):
    """CookieConflict comes only from reading cookies by name, which nobody does here."""
    assert issubclass(kind.values[0] if hasattr(kind, "values") else kind, CAUGHT)
    with Client("http://lab/", "t", transport=Recorder(made(kind))) as client, pytest.raises(TracksideError) as told:
        client.jobs.cancel("a")
    assert isinstance(told.value.__cause__, kind)


def test_a_connection_that_is_tried_twice_tells_the_real_reason():
    """What asyncio gives when a host has several addresses: one error that sums up a group of them."""
    summary = OSError("All connection attempts failed")
    summary.__cause__ = ExceptionGroup("tries", [ConnectionRefusedError(111, "Connection refused")])
    error = httpx.ConnectError("x")
    error.__cause__ = summary
    assert failure(error, HERE).code == "connection_refused"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectTimeout("x"), "unreachable"),
        (httpx.ReadTimeout("x"), "timed_out"),
        (httpx.PoolTimeout("x"), "timed_out"),
        (httpx.ProxyError("x"), "gateway"),
        (httpx.RemoteProtocolError("x"), "connection_lost"),
        (httpx.InvalidURL("x"), "invalid_input"),
        (OSError(113, "No route to host"), "unreachable"),
    ],
)
def test_each_failure_has_its_code(error, code):
    assert failure(error, HERE).code == code
