"""A JupyterLab server and a page of headless Chromium on it, for as long as a measurement takes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, Lab
from tests.serving import LiveServer, Place, stop_templates

__all__ = ["opened_lab"]


@contextmanager
def opened_lab(prepare: Callable[[Path], None] = lambda home: None, options: Sequence[str] = ()) -> Iterator[Lab]:
    """Give a window on a server of its own; both are gone afterwards, and so are the jobs.

    ``prepare`` fills the home before the server begins.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Place(Path(folder) / "place")
        prepare(place.home)
        exposed = "--LabApp.expose_app_in_browser=True"
        server = LiveServer(place, command=("jupyterlab",), options=(exposed, *options)).start(90)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(90_000)
            yield Lab(server, page)
        finally:
            browser.close()
            server.stop()
            stop_templates(place.home)
