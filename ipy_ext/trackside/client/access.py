"""What a caller said about the server, and the address that this leads to now."""

from __future__ import annotations

import os
from dataclasses import replace

from trackside.client.address import Address
from trackside.client.discovery import find_server, given_server
from trackside.errors import InvalidInput

__all__ = ["Access"]

_NAMED = ("given", "environment")
"""Where an address comes from that somebody wrote down; a server that is found has told its certificate itself."""


class Access:
    """The arguments of a client, checked; ``find`` may be called again when the server has moved."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        ca_cert: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
    ) -> None:
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise InvalidInput("token: this is not a token.", hint="It has letters, digits and signs, and no spaces.")
        if client_key is not None and client_cert is None:
            raise InvalidInput(
                "client_key was given without client_cert.", hint="Give both, or one PEM file with both."
            )
        self._given = None if url is None else given_server(url, token)
        self._token = token
        self._ca_cert = ca_cert
        self._client_cert = client_cert
        self._client_key = client_key

    def find(self, check: bool, start: bool) -> Address:
        """Return the server's address; ``check`` asks what is found for an answer, ``start`` allows to start one."""
        address = self._given or find_server(check=check, start=start)
        said = os.environ if address.source in _NAMED else {}
        own = (self._client_cert, self._client_key)
        if self._client_cert is None:
            own = (said.get("TRACKSIDE_CLIENT_CERT") or None, said.get("TRACKSIDE_CLIENT_KEY") or None)
        return replace(
            address,
            token=self._token or address.token,
            ca_cert=self._ca_cert or said.get("TRACKSIDE_CA_CERT") or address.ca_cert,
            client_cert=own[0],
            client_key=own[1],
        )

    def __str__(self) -> str:
        return "of this process" if self._given is None else self._given.url
