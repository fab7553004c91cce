"""The output of a submitted cell is a live panel, with the kernel busy, dead, and after a reload."""

from __future__ import annotations

from tests.browser.conftest import Lab

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
