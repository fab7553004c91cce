"""One question to a server that may not be there: are you, and who?"""

from __future__ import annotations

import logging

import httpx

from trackside.client.address import Address
from trackside.client.answers import decoded, refusal
from trackside.client.failures import CAUGHT, failure
from trackside.client.tls import tls_context
from trackside.errors import TracksideError
from trackside.models import Health

__all__ = ["ask_health"]

_log = logging.getLogger(__name__)
_SECONDS = 10.0  # the process lives: a slow answer is likelier than none, and a second server is the worse mistake


def ask_health(address: Address) -> Health | None:
    """Return what the server at this address says of itself, None when no Trackside server answers soon."""
    headers = {"Authorization": f"Bearer {address.token}"} if address.token else {}
    try:
        with httpx.Client(verify=tls_context(address), trust_env=not address.is_loopback, timeout=_SECONDS) as http:
            answer = http.get(f"{address.api}health", headers=headers)
            if not answer.is_success:
                raise refusal(answer.status_code, answer.headers, answer.content, address)
            return decoded(answer.content, Health, address, content_type=answer.headers.get("content-type", ""))
    except CAUGHT as error:
        _log.debug("%s", failure(error, address))
    except TracksideError as error:
        _log.debug("%s", error)
    return None
