"""`%track`: curves as one wishes to see them, a table that can be sorted, choices that outlive the page."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Lab
from tests.serving import until

_LOAD = "%load_ext trackside\nimport trackside"
_RUNS = """import math
for lr in (0.1, 0.03, 0.01):
    with trackside.init(name=f"lr-{lr}", config={"lr": lr}, system_metrics=False) as run:
        for step in range(200):
            loss = math.exp(-lr * step / 5) + 0.05 * math.sin(step)
            run.log({"train/loss": loss, "acc": 1 - loss, "tokens": step * 512}, step=step)
"""
_PANEL = "[data-trackside=track-panel]"


def _track(window: Lab, name: str, line: str) -> Locator:
    window.notebook(name, [_LOAD, _RUNS, line])
    for index in range(3):
        window.run_cell(index, wait=True)
    panel = window.page.locator(_PANEL)
    expect(panel.locator("[data-trackside=curve]").first).to_be_visible()
    return panel


def _names(panel: Locator) -> list[str]:
    return panel.locator("[data-trackside=track-table] tbody .ts-plainlink").all_inner_texts()


def test_curves_are_drawn_as_one_wishes_and_stay_so_after_a_reload(window: Lab) -> None:
    panel = _track(window, "wishes.ipynb", "%track --run lr-0.1 lr-0.03 lr-0.01")
    expect(panel.locator("[data-best=true]")).to_contain_text("lr-0.1")
    panel.locator("[data-trackside=smooth]").fill("0.6")
    curve = panel.locator("[data-trackside=curve]").first
    expect(curve).to_have_attribute("data-drawn", "smooth 0.6")
    panel.locator("[data-trackside=log-scale]").check()
    expect(curve).to_have_attribute("data-drawn", "smooth 0.6 · log")
    panel.locator("[data-trackside=legend-item]").nth(1).click()
    expect(panel.locator("[data-trackside=legend-item]").nth(1)).to_have_attribute("aria-pressed", "false")
    window.screenshot("track-panel")
    panel.locator("[data-trackside=x-axis]").select_option("tokens")
    expect(panel.locator("[data-trackside=curve][data-key=tokens]")).to_have_count(0)
    expect(panel.locator("[data-trackside=curve][data-key='train/loss']")).to_have_attribute("data-points", "600")
    window.save()

    until(lambda: "0.6" in window.choices(), "the choice to be kept")
    window.open("wishes.ipynb", reset=False)
    expect(panel.locator("[data-trackside=smooth]")).to_have_value("0.6")
    expect(panel.locator("[data-trackside=x-axis]")).to_have_value("tokens")
    expect(panel.locator("[data-trackside=legend-item]").nth(1)).to_have_attribute("aria-pressed", "false")


def test_what_one_drags_over_is_shown_in_all_charts_until_it_is_reset(window: Lab) -> None:
    panel = _track(window, "zoom.ipynb", "%track --run lr-0.1 lr-0.03")
    plots = panel.locator(".u-over")
    box = plots.first.bounding_box()
    assert box is not None
    mouse, middle = window.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] * 0.5, middle)
    expect(panel.locator(".ts-corner").first).to_contain_text("step")
    expect(panel.locator("figcaption").nth(1).locator("[data-trackside=legend-item]")).to_have_count(2)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    mouse.up()
    reset = panel.locator("[data-trackside=reset-zoom]")
    expect(reset).to_be_visible()
    mouse.move(box["x"] + box["width"] - 2, middle)
    shown = panel.locator(".ts-corner").first
    expect(shown).to_contain_text("step 1")
    assert 140 < float(shown.inner_text().removeprefix("step ")) < 160
    window.screenshot("track-zoomed")
    reset.click()
    mouse.move(box["x"] + box["width"] - 2, middle + 1)
    expect(shown).to_contain_text("step 19")
    expect(reset).to_have_count(0)


def test_the_table_is_sorted_by_any_column_and_the_metrics_stand_newest_first(window: Lab) -> None:
    panel = _track(window, "sorted.ipynb", "%track --run lr-0.1 lr-0.03 lr-0.01")
    assert _names(panel) == ["lr-0.1", "lr-0.03", "lr-0.01"]
    panel.locator("[data-column='min train/loss']").click()
    assert _names(panel) == ["lr-0.1", "lr-0.03", "lr-0.01"]
    panel.locator("[data-column='min train/loss']").click()
    assert _names(panel) == ["lr-0.01", "lr-0.03", "lr-0.1"]
    expect(panel.locator("th[aria-sort=descending]")).to_have_text("min ↓")

    window.notebook("newest.ipynb", [_LOAD, _RUNS, "%track --run lr-0.1"])
    for index in range(3):
        window.run_cell(index, wait=True)
    part = window.page.locator(f"{_PANEL} [data-trackside=part-metrics]")
    part.locator(".ts-part-head").click()
    steps = part.locator("tbody tr td:first-child")
    expect(steps.first).to_have_text("199")
    part.locator("[data-column=step]").click()
    expect(steps.first).to_have_text("199")
    part.locator("[data-column=step]").click()
    expect(steps.first).to_have_text("0")
    window.screenshot("track-metrics")


def test_a_sweep_has_one_panel_with_its_values_and_states_before_anything_is_logged(window: Lab) -> None:
    cell = """%%submit -n grid --sweep "lr=0.1,0.01 seed=1..3"
import time
time.sleep(1)
for step in range(20):
    trackside.log({"loss": lr / (1 + step) + seed / 100}, step=step)
"""
    window.notebook("sweep.ipynb", [_LOAD, cell])
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    panel = window.page.locator(_PANEL)
    rows = panel.locator("[data-trackside=track-table] tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("0.1")
    window.screenshot("sweep-begun")
    expect(panel.locator("tr[data-status=completed]")).to_have_count(6, timeout=60_000)
    expect(panel.locator("[data-trackside=curve][data-key=loss]")).to_have_attribute("data-points", "120")
    expect(panel.locator("[data-best=true]")).to_contain_text("grid lr=0.01 seed=1")
    panel.locator("[data-column='config seed']").click()
    assert [name[-1] for name in _names(panel)] == ["1", "1", "2", "2", "3", "3"]
    window.screenshot("sweep-ended")


def test_of_a_large_sweep_the_first_fifty_are_followed_and_the_panel_says_so(window: Lab) -> None:
    window.notebook("large.ipynb", [_LOAD, '%%submit -n large --sweep "n=1..60"\ntrackside.log({"loss": 1 / n})'])
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    panel = window.page.locator(_PANEL)
    expect(panel.locator("[data-trackside=track-table] tbody tr")).to_have_count(50)
    expect(panel.locator("[data-trackside=more-runs]")).to_contain_text("the first 50 of 60 runs")
