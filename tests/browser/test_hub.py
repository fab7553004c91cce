"""Everything works behind a hub's proxy, for a user whose name is written with a percent sign in every address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Lab, opened, started_lab
from tests.hub_proxy import HubProxy, hub_proxy
from tests.serving import LiveServer, Place
from trackside import Client

_PREFIX = "/user/a%40b/"
_PANEL = "[data-trackside=job-panel]"
_SUBMIT = """%%submit --name behind
import time, trackside.tracking
open("a note.txt", "w").write("kept")
trackside.tracking.current_run().save_artifact("a note.txt")
for step in range(100_000):
    trackside.log({"loss": 1 / (1 + step)}, step=step)
    print("step", step, flush=True)
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, HubProxy]]:
    """A JupyterLab that is reached through a proxy alone."""
    for server in started_lab(Place(tmp_path_factory.mktemp("hub")), base_url=_PREFIX):
        port = server.url.split(":")[2].split("/")[0]
        with hub_proxy(f"http://127.0.0.1:{port}", _PREFIX) as proxy:
            server.address |= {"url": proxy.url, "api": f"{proxy.url}trackside/api/v1/"}
            yield server, proxy


@pytest.fixture
def window(hub: tuple[LiveServer, HubProxy], browser: Browser) -> Iterator[Lab]:
    """A window that knows the proxy's address alone."""
    yield from opened(hub[0], browser)


def test_a_job_is_submitted_followed_and_read_through_a_hubs_proxy(
    window: Lab, hub: tuple[LiveServer, HubProxy]
) -> None:
    server, proxy = hub
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.notebook("hub.ipynb", ["%load_ext trackside", _SUBMIT])
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    window.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    points = f"Number(document.querySelector('{_PANEL} [data-trackside=curve]')?.dataset.points)"
    window.page.wait_for_function(f"{points} > 3")
    window.wait_text(f"{_PANEL} [data-trackside=log]", "step 3")

    proxy.cut()  # as when the hub's proxy is started anew: it goes on where it was
    seen = window.page.evaluate(points)
    window.page.wait_for_function(f"{points} > {seen + 10}")

    with Client(server.url, token=server.token) as client:  # a script on another machine knows the hub's address
        job = client.jobs.get("behind")
        assert client.runs.artifact(job.id, "a note.txt") == b"kept"
        client.jobs.cancel(job.id)
        assert client.jobs.wait([job.id], timeout=60)[0].status == "cancelled"

    window.wait_text(f"{_PANEL} [data-trackside=status]", "cancelled")
    window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    side = window.page.locator("[data-trackside=side-panel]")
    expect(side).to_contain_text("behind")
    window.page.evaluate("id => window.jupyterapp.commands.execute('trackside:open-run', {runId: id, name: 'behind', tab: 'artifacts'})", job.id)  # fmt: skip
    view = window.page.locator("[data-trackside=run-view]")
    expect(view).to_contain_text("a note.txt")
    window.screenshot("hub")
    ours = [url for url in asked if "/trackside/" in url]
    assert ours
    assert all(url.startswith((proxy.url, proxy.url.replace("http", "ws", 1))) for url in asked if "127.0.0.1" in url)
    assert any(path.startswith(f"{_PREFIX}trackside/api/v1/") for path in proxy.passed)
