"""A home with 10,000 jobs, 2,000 of them waiting, and 100,000 runs: the side panel has what counts, and finds the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Lab, opened, started_lab
from tests.filled import fill_jobs, fill_runs
from tests.serving import LiveServer, Place

_ROWS = "[data-trackside=side-panel] [data-trackside=job-row]"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    place = Place(tmp_path_factory.mktemp("large"))
    fill_jobs(place.home)
    fill_runs(place.home, 100_000)
    yield from started_lab(place, options=("--TracksideApp.cpus=1",))


@pytest.fixture
def window(large: LiveServer, browser: Browser) -> Iterator[Lab]:
    yield from opened(large, browser)


def test_what_runs_and_what_starts_next_stands_first_and_the_filter_finds_the_rest(window: Lab) -> None:
    window.open()
    window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    rows = window.page.locator(_ROWS)
    expect(rows.nth(0)).to_have_attribute("data-job-id", "job-8001")
    expect(rows.nth(0)).to_have_attribute("data-status", "running")
    assert [rows.nth(n).get_attribute("data-job-id") for n in (1, 2, 3)] == ["job-8002", "job-8003", "job-8004"]
    expect(window.page.locator("[data-trackside=section-jobs]")).to_contain_text("1 running · 1999 waiting")
    window.screenshot("large")
    search = window.page.locator("[data-trackside=job-filter]")
    for words, job in (("9990", "job-9990"), ("experiment-3 status:failed", None), ("name:experiment-77", "job-8077")):
        search.fill(words)
        if job is None:
            expect(window.page.get_by_text("No job fits this filter.")).to_be_visible()
        else:
            expect(window.page.locator(f"{_ROWS}[data-job-id={job}]")).to_be_attached()


def test_the_next_in_line_come_up_as_jobs_start(window: Lab) -> None:
    window.open()
    window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    first = f"{_ROWS}[data-status=pending]"
    expect(window.page.locator(first).first).to_have_attribute("data-job-id", "job-8002")
    window.server.post("jobs/job-8002/cancel")
    expect(window.page.locator(first).first).to_have_attribute("data-job-id", "job-8003")
    expect(window.page.locator("[data-trackside=section-jobs]")).to_contain_text("1 running · 1998 waiting")
