"""A real JupyterLab in Debian's Chromium, driven as a person would, or through Lab's own commands."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.serving import LiveServer, Place, stop_templates

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
_PATIENCE = 90_000
expect.set_options(timeout=30_000)  # a busy machine is no failure; how quick it is stands in `make bench`


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A JupyterLab server."""
    yield from started_lab(Place(tmp_path_factory.mktemp("lab")))


def started_lab(
    place: Place,
    *,
    command: str = "jupyterlab",
    application: str = "LabApp",
    options: tuple[str, ...] = (),
    base_url: str = "/user/me/",
    **environment: str,
) -> Iterator[LiveServer]:
    """Start a JupyterLab that asks for no news, in a place of its own; end it when the tests are over."""
    settings = place.root / "lab-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    server = LiveServer(
        place,
        command=(command,),
        options=(f"--{application}.expose_app_in_browser=True", *options),
        base_url=base_url,
        without=(),
        environment=environment,
    )
    server.start(timeout=90)
    yield server
    server.stop()
    stop_templates(place.home)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Lab:
    """One browser window on JupyterLab."""

    server: LiveServer
    page: Page

    def open(self, path: str = "", *, reset: bool = True) -> None:
        """Open JupyterLab, or a notebook in it, and wait until it stands."""
        tree = f"tree/{path}" if path else ""
        query = "reset&" if reset else ""
        self.page.goto(f"{self.server.url}lab/{tree}?{query}token={self.server.token}", timeout=_PATIENCE)
        self.wait_ready()

    def reload(self) -> None:
        """Reload the page as a person does."""
        self.page.reload(timeout=_PATIENCE)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until Lab is restored."""
        self.page.wait_for_function("window.jupyterapp", timeout=_PATIENCE)
        self.page.evaluate("async () => { await window.jupyterapp.restored }")

    def notebook(self, name: str, cells: list[str]) -> None:
        """Make a notebook of these cells, open it and wait for its kernel."""
        content = {
            "cells": [_cell(source) for source in cells],
            "metadata": _METADATA,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.server.place.root / "work" / name).write_text(json.dumps(content))
        self.open(name)
        self.wait_kernel()

    def wait_kernel(self) -> None:
        """Wait until the kernel of the notebook in front is idle."""
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=_PATIENCE,
        )
        self.page.evaluate(
            """async () => {
                const context = window.jupyterapp.shell.currentWidget.sessionContext;
                await context.ready;
                await context.session.kernel.info;
            }"""
        )

    def run_cell(self, index: int, *, wait: bool = False) -> None:
        """Run one cell; with ``wait`` until it has ended well."""
        self.page.evaluate(
            """async ([index, wait]) => {
                const app = window.jupyterapp;
                const notebook = app.shell.currentWidget;
                notebook.content.activeCellIndex = index;
                const done = app.commands.execute('notebook:run-cell');
                if (wait) {
                    await done;
                }
            }""",
            [index, wait],
        )
        if wait:
            self.page.wait_for_function(
                "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.executionCount > 0",
                arg=index,
                timeout=_PATIENCE,
            )

    def save(self) -> None:
        """Save the notebook in front."""
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")

    def kill_kernel(self) -> int:
        """Kill the kernel of the notebook in front with SIGKILL and keep Jupyter from starting it again."""
        kernel = self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
        pid = _kernel_pid(kernel)
        print(f"SIGKILL to kernel {pid}")
        os.kill(pid, signal.SIGKILL)
        headers = {"Authorization": f"token {self.server.token}"}
        self.server.client.delete(f"{self.server.url}api/kernels/{kernel}", headers=headers)
        return pid

    def text(self, selector: str) -> str:
        """The text of the first element."""
        return self.page.locator(selector).first.inner_text(timeout=_PATIENCE)

    def wait_text(self, selector: str, text: str) -> None:
        """Wait until the first element says this."""
        self.page.wait_for_function(
            "([selector, text]) => document.querySelector(selector)?.innerText.includes(text)",
            arg=[selector, text],
            timeout=_PATIENCE,
        )

    def choices(self) -> str:
        """What was chosen in panels and is kept over a reload, as JSON."""
        headers = {"Authorization": f"token {self.server.token}"}
        layout = self.server.client.get(f"{self.server.url}lab/api/workspaces/default", headers=headers).json()
        return json.dumps(layout["data"].get("trackside:choices", {}))

    def screenshot(self, name: str) -> None:
        """Keep a picture for people, where one is wanted."""
        folder = os.environ.get("TRACKSIDE_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.fixture
def window(lab: LiveServer, browser: Browser) -> Iterator[Lab]:
    """A fresh window."""
    yield from opened(lab, browser)


def opened(server: LiveServer, browser: Browser) -> Iterator[Lab]:
    """Open a window on a server; it is closed afterwards."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    yield Lab(server, page)
    context.close()


_METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def _cell(source: str) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def _kernel_pid(kernel: str) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"kernel-{kernel}.json".encode() in command:
                return int(entry.name)
    raise AssertionError(f"no process of kernel {kernel}")
