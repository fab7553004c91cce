"""The output of a submitted cell is a live panel, with the kernel busy, dead, and after a reload."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Lab
from tests.serving import until

_SUBMIT = """%%submit --name {name} --out total
import time
total = 0
for step in range({steps}):
    total += step
    trackside.log({{"loss": 1 / (1 + step), "total": total}}, step=step)
    print("step", step, flush=True)
    time.sleep(0.2)
open("note.txt", "w").write("kept")
import trackside.tracking
trackside.tracking.current_run().save_artifact("note.txt")
"""
_PANEL = "[data-trackside=job-panel]"


def _points(window: Lab) -> int:
    return int(window.page.locator(f"{_PANEL} [data-trackside=curve]").first.get_attribute("data-points") or 0)


def test_the_panel_is_live_after_the_kernel_died_and_the_page_was_reloaded(window: Lab) -> None:
    """Check 3, and: the curve moves while the kernel is busy in another cell."""
    window.notebook(
        "live.ipynb",
        ["%load_ext trackside\nimport trackside", _SUBMIT.format(name="live", steps=150), "while True: pass"],
    )
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    window.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    window.run_cell(2)
    window.page.wait_for_function(
        f"Number(document.querySelector('{_PANEL} [data-trackside=curve]')?.dataset.points) > 3"
    )
    before = _points(window)
    window.page.wait_for_function(
        f"Number(document.querySelector('{_PANEL} [data-trackside=curve]')?.dataset.points) > {before + 5}"
    )
    window.screenshot("panel-live")
    window.save()
    window.kill_kernel()

    window.reload()
    window.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    seen = _points(window)
    window.page.wait_for_function(
        f"Number(document.querySelector('{_PANEL} [data-trackside=curve]')?.dataset.points) > {seen + 5}"
    )
    window.wait_text(f"{_PANEL} [data-trackside=log]", "step 1")
    window.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    window.wait_text(f"{_PANEL} [data-trackside=artifacts]", "note.txt")
    brought = window.page.locator(f"{_PANEL} [data-trackside=results] tr[data-name=total]")
    expect(brought).to_contain_text("total")
    expect(brought).to_contain_text("int")
    expect(brought).to_contain_text("11175")
    window.screenshot("panel-after-reload")
    assert window.server.job("live")["exit_code"] == 0


def test_cancel_in_the_panel_ends_the_job(window: Lab) -> None:
    window.notebook(
        "cancel.ipynb", ["%load_ext trackside\nimport trackside", _SUBMIT.format(name="to-cancel", steps=5000)]
    )
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    window.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    window.page.locator(f"{_PANEL} [data-trackside=cancel]").first.click()
    window.wait_text(f"{_PANEL} [data-trackside=status]", "cancelled")
    assert window.server.job("to-cancel")["status"] == "cancelled"


_LOG = """%%submit --name long-log
filler = "x" * 95
for number in range(1_000_000):
    print(f"{number:08d} {'needle' if number % 300_000 == 7 else ''} {filler}")
"""


def test_a_log_of_100_megabytes_opens_at_its_end_and_is_searched_to_its_start(window: Lab) -> None:
    window.notebook("long.ipynb", ["%load_ext trackside\nimport trackside", _LOG])
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    assert window.server.ended(str(window.server.job("long-log")["id"]), timeout=90)["status"] == "completed"
    page = window.page
    log = page.locator(f"{_PANEL} [data-trackside=log]")
    expect(log).to_contain_text("00999999")
    expect(log).to_contain_text(" of 101 MB")
    log.locator("[data-trackside=log-search]").click()
    text = log.locator("[data-trackside=log-search-text]")
    text.fill("Needle")
    text.press("Enter")
    found = log.locator("[data-trackside=log-found]")
    expect(found).to_have_text("Not in this log.")
    text.fill("needle")
    text.press("Enter")
    expect(found).to_have_text("line 1 of 4")
    expect(log.locator("mark")).to_have_text("needle")
    expect(log.locator(".ts-log-hit")).to_contain_text("00900007")
    window.screenshot("log-search")
    for line in ("00600007", "00300007", "00000007"):
        text.press("Enter")
        expect(log.locator(".ts-log-hit")).to_contain_text(line)
    log.locator("[data-trackside=log-window]").press("End")
    expect(log).to_contain_text("00999999")
    text.press("Escape")
    expect(log.locator(".ts-log-search")).to_have_count(0)


def test_parts_of_the_panel_fold_and_stay_so_and_its_id_is_copied(window: Lab) -> None:
    window.notebook("folds.ipynb", ["%load_ext trackside\nimport trackside", _SUBMIT.format(name="folds", steps=400)])
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    page = window.page
    panel = page.locator(_PANEL)
    expect(panel.locator("[data-trackside=usage]")).to_contain_text("memory")
    panel.locator("[data-trackside=id]").click()
    expect(panel.locator("[data-trackside=id]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == window.server.job("folds")["id"]
    panel.locator("[data-trackside=part-source] .ts-part-head").click()
    expect(panel.locator("[data-trackside=source]")).to_contain_text("for step in range(400)")
    window.screenshot("panel-parts")
    panel.locator("[data-trackside=part-log] .ts-part-head").click()
    expect(panel.locator("[data-trackside=log]")).to_have_count(0)
    window.save()
    until(lambda: "fold:log" in window.choices(), "the choice to be kept")
    window.open("folds.ipynb", reset=False)
    expect(panel.locator("[data-trackside=curve]").first).to_be_visible()
    expect(panel.locator("[data-trackside=part-log]")).to_be_visible()
    expect(panel.locator("[data-trackside=log]")).to_have_count(0)
    panel.locator("[data-trackside=part-log] .ts-part-head").click()
    expect(panel.locator("[data-trackside=log]")).to_contain_text("step 1")
    panel.locator("[data-trackside=part-source] .ts-part-head").click()
    window.server.post(f"jobs/{window.server.job('folds')['id']}/cancel")
