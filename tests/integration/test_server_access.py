"""Who may call: every route asks, in the same way that Jupyter asks, under any base URL."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import RequestHandler

from tests.serving import LiveServer, Place, stop_templates
from trackside_server.handlers.routes import ROOT, handlers

_AUTHORIZER = """
from jupyter_server.auth import Authorizer

class AsTheHeaderSays(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return handler.request.headers.get("X-Refuse") != f"{action} {resource}"

c.ServerApp.authorizer_class = AsTheHeaderSays
"""
_ACTIONS = {"GET": "read", "HEAD": "read", "POST": "write", "PUT": "write", "PATCH": "write", "DELETE": "write"}


@pytest.fixture(scope="module")
def hub_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server as a hub starts it for ``me@lab``, which refuses what the request's header names."""
    place = Place(tmp_path_factory.mktemp("access"))
    config = place.root / "config"
    config.mkdir(parents=True)
    (config / "jupyter_server_config.py").write_text(_AUTHORIZER)
    server = LiveServer(place, base_url="/user/me%40lab/").start()
    yield server
    server.stop()
    stop_templates(place.home)


def _routes() -> Iterator[tuple[str, str]]:
    """Every method of every route, with a path that leads there."""
    for pattern, handler, _ in handlers("trackside_server"):
        path = (
            pattern.removeprefix(ROOT).replace("([^/]+)", "some-thing").replace("(.+)", "a/b").replace("(.*)", "none")
        )
        assert not re.search(r"[()\[\]]", path), f"this test cannot make a path of {pattern}"
        for method in _ACTIONS:
            own = getattr(handler, method.lower())
            if own not in (getattr(RequestHandler, method.lower()), getattr(JupyterHandler, method.lower())):
                yield method, path


ROUTES = sorted(set(_routes()))


def test_there_is_a_route_for_each_resource() -> None:
    assert {path.partition("/")[0] for _, path in ROUTES} == {
        "health", "jobs", "runs", "events", "ws", "system", "gpus", "uploads", "none", "queue", "doctor",
        "prune",
    }  # fmt: skip
    assert len(ROUTES) >= 30


_UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "c29tZSByYW5kb20ga2V5IQ==",
}  # fmt: skip


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "token", "Bearer é", "Basic dG9rZW46"])
def test_every_method_of_every_route_refuses_strangers(hub_server: LiveServer, authorization: str | None) -> None:
    stranger = httpx.Client(headers={} if authorization is None else {"Authorization": authorization.encode()})
    for method, path in ROUTES:
        headers = _UPGRADE if path == "ws" else {}
        answer = stranger.request(method, hub_server.api + path, headers=headers, content=b"{}")
        assert answer.status_code == 403, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"
        if path != "ws":
            _is_ours(answer, "not_allowed")


def test_every_method_of_every_route_asks_the_authorizer(hub_server: LiveServer) -> None:
    for method, path in ROUTES:
        more = _UPGRADE if path == "ws" else {}
        headers = {"X-Refuse": f"{_ACTIONS[method]} trackside", **more}
        answer = hub_server.request(method, path, headers=headers, content=b"{}")
        assert answer.status_code == 403, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"


def test_strangers_leave_no_trace(hub_server: LiveServer) -> None:
    before = hub_server.get("jobs").json()["counts"]
    answer = httpx.post(hub_server.api + "jobs", json={"command": ["/bin/true"]})
    assert answer.status_code == 403
    assert hub_server.get("jobs").json()["counts"] == before
    assert str(hub_server.place.home) not in answer.text


def _is_ours(answer: httpx.Response, code: str) -> dict[str, Any]:
    assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
    body = answer.json()
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"code", "message", "hint"}
    assert body["error"]["code"] == code, body
    assert body["error"]["message"]
    found: dict[str, Any] = body["error"]
    return found


def test_the_servers_own_secret_lies_in_a_file_of_its_user_and_opens_the_routes(hub_server: LiveServer) -> None:
    path = hub_server.place.runtime / f"trackside-{hub_server.pid}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    address = hub_server.address
    assert address["api"] == address["url"] + "trackside/api/v1/"
    assert address["url"].endswith("/user/me%40lab/")
    assert (address["pid"], address["headless"]) == (hub_server.pid, False)
    assert Path(address["home"]) == hub_server.place.home
    for scheme in ("Bearer", "bearer", "token"):
        answer = httpx.get(address["api"] + "health", headers={"Authorization": f"{scheme} {address['token']}"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["home_id"] == address["home_id"]


def test_the_servers_own_secret_opens_nothing_of_jupyters(hub_server: LiveServer) -> None:
    headers = {"Authorization": f"Bearer {hub_server.address['token']}"}
    assert httpx.get(hub_server.url + "api/contents", headers=headers).status_code == 403


def test_the_servers_own_secret_may_write_without_a_cookie(hub_server: LiveServer) -> None:
    headers = {"Authorization": f"Bearer {hub_server.address['token']}"}
    body = {"command": ["/bin/true"], "workdir": "/tmp"}
    answer = httpx.post(hub_server.api + "jobs", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


def test_jupyters_own_token_works_as_header_and_in_the_url(hub_server: LiveServer) -> None:
    for options in (
        {"headers": {"Authorization": f"token {hub_server.token}"}},
        {"headers": {"Authorization": f"Bearer {hub_server.token}"}},
        {"params": {"token": hub_server.token}},
    ):
        assert httpx.get(hub_server.api + "health", **options).status_code == 200, options


def test_a_browser_that_signed_in_needs_the_xsrf_token_to_write(hub_server: LiveServer) -> None:
    browser = httpx.Client(headers={"Referer": hub_server.url + "lab"})
    browser.get(hub_server.url + "login")
    xsrf = browser.cookies["_xsrf"]
    signed = browser.post(hub_server.url + "login", data={"password": hub_server.token, "_xsrf": xsrf})
    assert signed.status_code == 302, signed.text
    assert browser.get(hub_server.api + "health").status_code == 200
    body = {"command": ["/bin/true"], "workdir": "/tmp"}
    forged = browser.post(hub_server.api + "jobs", json=body)
    assert forged.status_code == 403
    _is_ours(forged, "not_allowed")
    meant = browser.post(hub_server.api + "jobs", json=body, headers={"X-XSRFToken": browser.cookies["_xsrf"]})
    assert meant.status_code == 201, meant.text


@pytest.mark.parametrize(("origin", "status"), [("http://elsewhere.example", 403), (None, 101)])
def test_a_window_of_another_site_gets_no_websocket(hub_server: LiveServer, origin: str | None, status: int) -> None:
    browser = httpx.Client()
    browser.get(hub_server.url + "login")
    browser.post(hub_server.url + "login", data={"password": hub_server.token, "_xsrf": browser.cookies["_xsrf"]})
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    own = hub_server.url.split("/user/")[0]
    if status == 101:
        websocket.create_connection(_ws(hub_server), cookie=cookie, origin=own, timeout=10).close()
        return
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(_ws(hub_server), cookie=cookie, origin=origin, timeout=10)


def _ws(server: LiveServer) -> str:
    return server.api.replace("http", "ws", 1) + "ws"


def test_an_address_that_is_none_says_so(hub_server: LiveServer) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        answer = hub_server.request(method, "no/such/thing")
        assert answer.status_code == 404
        assert "no/such/thing" in _is_ours(answer, "not_found")["message"]


def test_a_method_that_is_none_says_so(hub_server: LiveServer) -> None:
    answer = hub_server.request("DELETE", "health")
    assert answer.status_code == 405
    _is_ours(answer, "method_not_allowed")


def test_everything_works_below_a_base_url_with_an_encoded_sign(hub_server: LiveServer) -> None:
    job = hub_server.ended(hub_server.submit(command=["sh", "-c", "echo below"], name="below")["id"])
    assert hub_server.get("jobs/below/log").text == "below\n"
    assert hub_server.get(f"runs/{job['id']}/artifacts", params={"root": "run"}).status_code == 200
    with hub_server.events("events?since=0") as events:
        assert next(events)[0] == "subscribed"
