"""The routes of the server and those that openapi.json promises are the same."""

from __future__ import annotations

import inspect
import json
import re

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import RequestHandler

from trackside_server.handlers.routes import ROOT, NoSuchRoute, handlers
from trackside_server.openapi import OPENAPI_FILE

_METHODS = ("get", "post", "put", "patch", "delete")
_GROUP = re.compile(r"\(\[\^/\]\+\)|\(\.\+\)")


def _served() -> set[tuple[str, str]]:
    found = set()
    for pattern, handler, _ in handlers("any"):
        if handler is NoSuchRoute:
            continue
        path = _GROUP.sub("{}", "/" + pattern.removeprefix(ROOT))
        for method in _METHODS:
            if getattr(handler, method) not in (getattr(RequestHandler, method), getattr(JupyterHandler, method)):
                found.add((method, path))
    return found


def _promised() -> set[tuple[str, str]]:
    paths = json.loads(OPENAPI_FILE.read_bytes())["paths"]
    return {(method, re.sub(r"\{\w+\}", "{}", path)) for path, methods in paths.items() for method in methods}


def test_every_route_is_described_and_every_description_is_served() -> None:
    assert _served() - _promised() == set(), "served, but not in openapi.json"
    assert _promised() - _served() == set(), "in openapi.json, but not served"


def test_every_route_is_found_before_the_one_that_says_there_is_none() -> None:
    patterns = [pattern for pattern, _, _ in handlers("any")]
    assert handlers("any")[-1][1] is NoSuchRoute
    assert len(patterns) == len(set(patterns))


def test_a_fixed_word_is_matched_before_an_id() -> None:
    for path, expected in (
        ("runs/compare", "CompareHandler"),
        ("runs/table", "TableHandler"),
        ("runs/x/stream", "RunStreamHandler"),
        ("ws", "StreamSocket"),
    ):
        found = next(handler for pattern, handler, _ in handlers("any") if re.fullmatch(pattern, ROOT + path))
        assert found.__name__ == expected


def test_a_handler_is_short() -> None:
    """Read, one engine call, write: what takes longer belongs into the engine."""
    for _, handler, _ in handlers("any"):
        for method in _METHODS:
            own = handler.__dict__.get(method)
            if own is not None:
                lines = [line for line in inspect.getsource(inspect.unwrap(own)).splitlines() if line.strip()]
                assert len(lines) <= 30, f"{handler.__name__}.{method} has {len(lines)} lines"
