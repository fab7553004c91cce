"""Which certificates to trust, and which one to show."""

from __future__ import annotations

import ssl
from pathlib import Path

from trackside.client.address import Address
from trackside.errors import InvalidInput

__all__ = ["tls_context"]


def tls_context(address: Address) -> ssl.SSLContext:
    """Return the TLS settings for this address; for plain HTTP an empty one, which costs nothing to make.

    A certificate named by the server's own file is trusted as it stands, also for a loopback address that it was
    not made out for: the file and the certificate are this user's own.
    """
    if not address.url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = _trusting(address.ca_cert)
    if address.ca_cert and address.source == "file" and address.is_loopback:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = False
    if address.client_cert:
        _show(context, address.client_cert, address.client_key)
    return context


def _trusting(ca_cert: str | None) -> ssl.SSLContext:
    if ca_cert is None:
        import httpx

        return httpx.create_ssl_context()
    path = Path(ca_cert).expanduser()
    try:
        return ssl.create_default_context(
            cafile=None if path.is_dir() else path, capath=path if path.is_dir() else None
        )
    except OSError as error:
        raise _unreadable("ca_cert", path, error) from error


def _show(context: ssl.SSLContext, client_cert: str, client_key: str | None) -> None:
    cert, key = Path(client_cert).expanduser(), Path(client_key).expanduser() if client_key else None
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except OSError as error:
        raise _unreadable("client_cert" if key is None else "client_cert and client_key", cert, error) from error


def _no_password() -> str:
    raise InvalidInput("client_key: the key has a password.", hint="Give a key without one, readable by you alone.")


def _unreadable(field: str, path: Path, error: OSError) -> InvalidInput:
    what = "not in PEM form" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
    return InvalidInput(f"{field}: {path} cannot be used: {what}.", hint="Give the path of a PEM file.")
