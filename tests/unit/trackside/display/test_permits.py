"""What a panel may ask for through its kernel."""

from __future__ import annotations

import pytest

from trackside.display.permits import permitted
from trackside.errors import NotAllowed


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "health"),
        ("GET", "runs/job-4"),
        ("GET", "runs/job-4/metrics?x=step&max_points=2000"),
        ("GET", "jobs/job-4/log?offset=0&limit=100"),
        ("GET", "runs/job-4/artifacts/folder/a%20file.png?root=run"),
        ("GET", "runs/job-4/preview?path=tables%2Fa%20b.csv&root=artifacts&rows=50"),
        ("POST", "jobs/job-4/cancel"),
        ("POST", "jobs/job-4/retry"),
        ("DELETE", "jobs/job-4"),
        ("DELETE", "runs/local-1"),
    ],
)
def test_a_panel_may_read_runs_and_do_what_its_buttons_say(method: str, target: str) -> None:
    assert permitted(method, target).method == method


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "jobs"),
        ("POST", "prune"),
        ("GET", "doctor"),
        ("PUT", "uploads/1"),
        ("PATCH", "runs/job-4"),
        ("DELETE", "jobs/job-4/log"),
        ("GET", "http://elsewhere/health"),
        ("GET", "//elsewhere/health"),
        ("GET", "/api/contents"),
        ("GET", "runs/../../api/contents"),
        ("GET", "runs/%2e%2e/%2E%2E/api/contents"),
        ("GET", "runs/a%2f..%2f..%2f..%2fapi"),
        ("GET", "runs/.."),
        ("GET", ""),
    ],
)
def test_nothing_else_is_passed_on(method: str, target: str) -> None:
    with pytest.raises(NotAllowed):
        permitted(method, target)


@pytest.mark.parametrize(
    "target",
    ["events", "ws", "system/stream", "runs/job-4/stream", "jobs/job-4/log?follow=1", "jobs/4/log?follow=true"],
)
def test_answers_that_never_end_are_not_asked_for(target: str) -> None:
    with pytest.raises(NotAllowed):
        permitted("GET", target)


def test_queries_and_ranges_are_passed_on_and_other_headers_are_not() -> None:
    request = permitted("GET", "runs/a/artifacts/b%20c?root=run&x=%2B", "bytes=0-99")
    assert request.path == "runs/a/artifacts/b%20c"
    assert request.params == {"root": "run", "x": "+"}
    assert request.headers == {"Range": "bytes=0-99"}
    with pytest.raises(NotAllowed):
        permitted("GET", "runs/a", "bytes=0-9\r\nX-Other: 1")
