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


_RUN = "[data-trackside=run-row]"


def test_a_hundred_thousand_runs_are_scrolled_as_one_table(window: Lab) -> None:
    window.open()
    page = window.page
    page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    table = page.locator("[data-trackside=run-table]")
    expect(table).to_have_attribute("aria-rowcount", "110001")
    room = page.locator("[data-trackside=run-room]")
    room.evaluate("room => { room.scrollTop = room.scrollHeight / 2; }")
    expect(page.locator(f"{_RUN}[aria-rowindex='55000']")).to_be_attached()
    assert page.locator(_RUN).count() < 100, "rows out of sight stand in the document"
    room.evaluate("room => { room.scrollTop = room.scrollHeight; }")
    oldest = page.locator(f"{_RUN}[aria-rowindex='110001']")
    expect(oldest).to_be_attached()
    window.screenshot("large-runs-end")
    before = oldest.bounding_box()
    made = window.server.submit(command=["/bin/true"], name="newcomer", cpus=0.01)
    expect(table).to_have_attribute("aria-rowcount", "110002")
    moved = page.locator(f"{_RUN}[aria-rowindex='110002']")
    expect(moved).to_be_attached()
    after = moved.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 2, "a newer run moved what one looked at"
    window.server.post(f"jobs/{made['id']}/cancel")


def test_columns_tags_and_pins_of_runs(window: Lab) -> None:
    window.open()
    page = window.page
    page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    page.fill("[data-trackside=run-query]", "paper config.lr<0.1")
    rows = page.locator(f"tbody:not(.ts-pinned) > {_RUN}")
    expect(rows.first).to_be_attached()
    page.click("[data-trackside=choose-columns]")
    columns = page.locator("[data-trackside=columns]")
    columns.locator("input[type=search]").fill("min")
    columns.locator("[data-column='val/loss.min']").check()
    columns.locator("input[type=search]").fill("tags")
    columns.locator("[data-column=tags]").check()
    window.screenshot("columns")
    page.keyboard.press("Escape")
    expect(columns).to_have_count(0)
    expect(page.locator("[data-trackside=run-table] th[data-column='val/loss.min']")).to_have_text("loss min")
    expect(rows.first.locator("td[data-column=tags]")).to_contain_text("paper")
    page.fill("[data-trackside=run-query]", "status:running")
    expect(rows).to_have_count(1)
    name = rows.first.get_attribute("data-run-id")
    rows.first.hover()
    rows.first.locator("[data-trackside=pin-run]").click()
    pinned = page.locator(f"[data-trackside=pinned-runs] > {_RUN}[data-run-id='{name}']")
    expect(pinned).to_be_visible()
    page.fill("[data-trackside=run-query]", "status:failed")
    expect(page.locator(f"tbody:not(.ts-pinned) > {_RUN}:not([data-status=failed])")).to_have_count(0)
    expect(pinned).to_be_visible()
    pinned.locator("input[type=checkbox]").check()
    page.fill("[data-trackside=add-tag]", "good")
    page.press("[data-trackside=add-tag]", "Enter")
    expect(pinned.locator("td[data-column=tags]")).to_contain_text("good")
    window.screenshot("pinned")
    assert "good" in window.server.get(f"runs/{name}").json()["tags"]
    pinned.get_by_role("button", name="good").click()
    expect(page.locator("[data-trackside=run-query]")).to_have_value("tag:good")
    expect(rows).to_have_count(1)
    window.open(reset=False)
    expect(page.locator("[data-trackside=run-table] th[data-column='val/loss.min']")).to_be_visible()
    pinned.locator("[data-trackside=pin-run]").click()
    expect(page.locator("[data-trackside=pinned-runs]")).to_have_count(0)
