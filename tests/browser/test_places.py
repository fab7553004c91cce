"""Jobs where JupyterLab has its own places: cell toolbar, file browser, running list, launcher, menus."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Lab
from tests.serving import until

_PANEL = "[data-trackside=job-panel]"


def _job(window: Lab, name: str) -> dict[str, object]:
    return until(lambda: next(iter(window.server.get("jobs", params={"name": name}).json()["jobs"]), None), name)


def test_the_button_of_a_cell_submits_it_with_the_magics_loaded(window: Lab) -> None:
    """Nothing need be loaded or typed before; the notebook shows what was done."""
    window.notebook("button.ipynb", ["print('by a click')", "%%bash\nls"])
    page = window.page
    page.locator(".jp-CodeCell").first.locator(".cm-content").click()
    page.locator(".jp-CodeCell").first.locator("[data-jp-item-name=trackside-submit] jp-button").click()
    window.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    window.wait_text(f"{_PANEL} [data-trackside=log]", "by a click")
    assert page.locator(".jp-CodeCell").first.locator(".cm-content").inner_text().startswith("%%submit\n")
    window.screenshot("places-cell")

    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.evaluate("window.jupyterapp.commands.execute('trackside:submit-cell')")
    expect(page.locator(".Toastify__toast", has_text="begins with %%bash")).to_be_visible()


def test_a_script_is_submitted_from_the_file_browser_and_stands_in_the_running_list(window: Lab) -> None:
    folder = window.server.place.root / "work" / "scripts"
    folder.mkdir(exist_ok=True)
    (folder / "slow.py").write_text("import os, time\nprint('in', os.getcwd(), flush=True)\ntime.sleep(600)\n")
    (folder / "notes.txt").write_text("no job")
    window.open()
    page = window.page
    page.evaluate("window.jupyterapp.commands.execute('filebrowser:open-path', {path: 'scripts'})")
    item = page.locator(".jp-DirListing-item", has_text="slow.py")
    page.locator(".jp-DirListing-item", has_text="notes.txt").click(button="right")
    expect(page.locator(".lm-Menu")).to_be_visible()
    expect(page.locator(".lm-Menu [data-command='trackside:submit-file']")).to_have_count(0)
    page.keyboard.press("Escape")
    item.click(button="right")
    page.locator(".lm-Menu [data-command='trackside:submit-file']").click()
    expect(page.locator(".Toastify__toast", has_text="scripts/slow.py is job-")).to_be_visible()
    job = _job(window, "slow.py")
    window.server.running(job["id"])
    until(lambda: str(folder) in window.server.get(f"jobs/{job['id']}/log").text, "the folder in its log")

    page.evaluate("window.jupyterapp.commands.execute('running:show-panel')")
    row = page.locator(f".jp-RunningSessions-item[data-context={job['id']}]")
    expect(row).to_be_visible()
    window.screenshot("places-running")
    row.locator(".jp-RunningSessions-itemLabel").click()
    expect(page.locator(f"[data-trackside=run-view][data-run-id={job['run_id']}]")).to_be_visible()
    row.hover()
    row.locator(".jp-RunningSessions-itemShutdown").click()
    assert window.server.ended(job["id"])["status"] == "cancelled"
    expect(row).to_have_count(0)


def test_the_launcher_has_a_card_that_shows_the_panel(window: Lab) -> None:
    window.open()
    page = window.page
    page.evaluate("window.jupyterapp.commands.execute('launcher:create')")
    card = page.locator(".jp-LauncherCard", has_text="Jobs and GPUs")
    expect(card).to_be_visible()
    window.screenshot("places-launcher")
    card.click()
    expect(page.locator("[data-trackside=side-panel]")).to_be_visible()
