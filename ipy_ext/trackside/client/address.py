"""Where a server is and how to speak to it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, urlsplit, urlunsplit

from trackside.errors import InvalidInput

__all__ = ["API_PATH", "Address", "Source", "split_url"]

API_PATH = "trackside/api/v1/"
Source = Literal["given", "environment", "file", "hub"]
_PAGES = ("lab", "tree", "notebooks", "doc", "terminals", "files", "view", "edit", "trackside")


@dataclass(frozen=True)
class Address:
    """A server's API and what is needed to be let in.

    ``url`` is the base URL of the Jupyter server, always with a slash at its end. ``source`` says how it was found:
    told by the caller, by ``TRACKSIDE_URL``, by a server's own file, or by JupyterHub's variables. The facts of the
    last group are known from a file only.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    source: Source = "given"
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None

    home: str | None = None
    home_id: str | None = None
    pid: int | None = None
    headless: bool = False

    @property
    def api(self) -> str:
        """The URL that all resources lie under."""
        return self.url + API_PATH

    @property
    def is_found(self) -> bool:
        """Whether it was found on this machine, and so may be found anew when the server has moved."""
        return self.source in ("file", "hub")

    @property
    def is_loopback(self) -> bool:
        """Whether the server is reached without leaving this machine, hence never through a proxy."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def split_url(text: str) -> tuple[str, str | None]:
    """Return base URL and token of a URL as people have it: the base itself, the API, or a page of JupyterLab.

    ``http://lab:8888/ann/lab/tree/a.ipynb?token=abc`` gives ``("http://lab:8888/ann/", "abc")``.
    """
    url = text.strip()
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise InvalidInput(f"{text!r} is not the URL of a server.", hint="Write it as 'http://127.0.0.1:8888/'.")
    if parts.username or parts.password:
        raise InvalidInput("A URL cannot carry a user and a password here.", hint="Give token='…' instead.")
    token = parse_qs(parts.query).get("token", [None])[0]
    return urlunsplit((parts.scheme, parts.netloc, _base_path(parts.path), "", "")), token


def _base_path(path: str) -> str:
    """Return the path before the first page name; a last name with a slash after it is a base URL, whatever it is."""
    names = [name for name in path.split("/") if name]
    pages = [
        at for at, name in enumerate(names) if name in _PAGES and not (at == len(names) - 1 and path.endswith("/"))
    ]
    kept = names[: pages[0]] if pages else names
    return "/".join(["", *kept, ""])
