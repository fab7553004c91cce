"""The side panel and the run view: live without any notebook, back after a reload, whole after the server died."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Route, expect

from tests.browser.conftest import Lab
from tests.serving import until

_TRAIN = """
import time, trackside
run = trackside.init(name="inner", system_metrics=False, capture_git=False, capture_pip=False)
for step in range({steps}):
    trackside.log({{"train/loss": 1 / (1 + step), "val/loss": 2 / (1 + step), "acc": step}}, step=step)
    print("\\x1b[31mstep\\x1b[0m", step, flush=True)
    time.sleep({pause})
open("/tmp/note-{name}.txt", "w").write("kept by {name}")
run.save_artifact("/tmp/note-{name}.txt", "note.txt")
"""


def _train(window: Lab, name: str, steps: int, pause: float = 0.02) -> dict[str, object]:
    code = _TRAIN.format(name=name, steps=steps, pause=pause)
    return window.server.submit(command=[sys.executable, "-c", code], name=name, config={"lr": 0.003})


def _layout(window: Lab) -> str:
    headers = {"Authorization": f"token {window.server.token}"}
    return window.server.client.get(f"{window.server.url}lab/api/workspaces/default", headers=headers).text


def _row(name: str) -> str:
    return f"[data-trackside=job-row]:has(.ts-row-name:text-is('{name}'))"


def _show_panel(window: Lab) -> None:
    window.page.evaluate("async () => { await window.jupyterapp.commands.execute('trackside:show-panel') }")
    window.page.wait_for_selector("[data-trackside=side-panel][data-state=here]")


def _open_run(window: Lab, run: object, tab: str) -> None:
    window.page.evaluate(
        "args => window.jupyterapp.commands.execute('trackside:open-run', args)", {"runId": run, "tab": tab}
    )
    window.page.wait_for_selector(f"[data-trackside=run-view][data-run-id={run}] [aria-selected=true][data-tab={tab}]")


def test_jobs_come_go_and_obey_in_the_side_panel(window: Lab) -> None:
    """Nothing is reloaded by hand: appear, filter, cancel, retry and delete."""
    window.open()
    _show_panel(window)
    job = window.server.submit(command="sleep 600", name="sleeper")
    page, row = window.page, _row("sleeper")
    expect(page.locator(f"{row}[data-status=running]")).to_be_visible()
    expect(page.locator("[data-trackside=status-item]")).to_contain_text("running")
    page.fill("[data-trackside=job-filter]", "no such name")
    expect(page.locator(row)).to_have_count(0)
    page.fill("[data-trackside=job-filter]", "status:running sleep")
    expect(page.locator(row)).to_be_visible()
    page.fill("[data-trackside=job-filter]", "sleeper")

    page.hover(row)
    page.click(f"{row} [data-trackside=cancel]")
    expect(page.locator(f"{row}[data-status=cancelled]")).to_be_visible()
    page.hover(row)
    page.click(f"{row} [data-trackside=retry]")
    expect(page.locator(f"{row}[data-status=running]")).to_be_visible()
    window.server.post(f"jobs/{job['id']}/cancel")
    expect(page.locator(f"{row}[data-status=cancelled]")).to_be_visible()

    page.click(row, button="right")
    page.click(".lm-Menu-itemLabel:text-is('Delete Job…')")
    page.click(".jp-Dialog-button.jp-mod-warn")
    expect(page.locator(row)).to_have_count(0)
    assert window.server.get(f"jobs/{job['id']}").status_code == 404


def test_the_run_view_shows_all_of_a_run_and_is_back_after_a_reload(window: Lab) -> None:
    window.open()
    _show_panel(window)
    job = _train(window, "viewed", steps=60)
    page = window.page
    page.click(f"{_row('viewed')} .ts-row-main")
    view = f"[data-trackside=run-view][data-run-id={job['run_id']}]"
    expect(page.locator(f"{view} [data-trackside=status][data-status=completed]")).to_be_visible(timeout=60_000)
    expect(page.locator(f"{view} [data-trackside=source]")).to_contain_text("trackside.log")

    page.click(f"{view} [data-trackside=tab-curves]")
    expect(page.locator(f"{view} [data-trackside=curve][data-key=loss]")).to_have_attribute("data-points", "120")
    expect(page.locator(f"{view} [data-trackside=curve][data-key=acc]")).to_have_attribute("data-last", "59")
    page.click(f"{view} [data-trackside=tab-log]")
    expect(page.locator(f"{view} [data-trackside=log]")).to_have_attribute("data-lines", "60")
    expect(page.locator(f"{view} .ts-log-line").last).to_have_text("step 59")
    page.click(f"{view} [data-trackside=tab-config]")
    expect(page.locator(f"{view} [data-key=lr]")).to_have_text("0.003")
    page.click(f"{view} [data-trackside=tab-artifacts]")
    page.click(f"{view} [data-trackside=artifact] .ts-fold")
    expect(page.locator(f"{view} [data-trackside=preview]")).to_contain_text("kept by viewed")
    with page.expect_download() as download:
        page.click(f"{view} [data-trackside=download]")
    assert Path(download.value.path()).read_text() == "kept by viewed"
    window.screenshot("run-view")

    page.keyboard.press("Home")
    page.focus(f"{view} [data-tab=artifacts]")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"{view} [data-tab=outputs]")).to_have_attribute("aria-selected", "true")
    until(lambda: f"trackside-runs:{job['run_id']}" in _layout(window) and '"outputs"' in _layout(window), "the layout")
    page.goto(f"{window.server.url}lab?token={window.server.token}")
    window.wait_ready()
    expect(page.locator(f"{view} [data-tab=outputs][aria-selected=true]")).to_be_attached()


def test_the_overview_tells_attempts_surroundings_and_the_code_as_it_was(window: Lab, tmp_path: Path) -> None:
    window.open()
    source = tmp_path / "train.py"
    source.write_text(
        "import trackside\nrun = trackside.init(name='told')\nrun.log({'loss': 1.0})\nraise SystemExit(3)\n"
    )
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", str(tmp_path)]
    for words in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    source.write_text(source.read_text() + "# a later thought\n")
    job = window.server.submit(command=[sys.executable, "train.py"], workdir=str(tmp_path), name="told")
    window.server.ended(job["id"])
    window.server.post(f"jobs/{job['id']}/retry")
    until(lambda: (found := window.server.job(job["id"]))["attempt"] == 2 and found["status"] == "failed", "the retry")
    _open_run(window, job["run_id"], "overview")
    page = window.page
    rows = page.locator("[data-trackside=attempts] tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("2 · failed · exit code 3")
    expect(rows.nth(1)).to_contain_text("1 · failed · exit code 3")
    environment = page.locator("[data-trackside=environment]")
    expect(environment).to_contain_text("trunk")
    expect(environment).to_contain_text("with changes that were not committed")
    page.click("[data-trackside=part-git-diff] > button")
    expect(page.locator("[data-trackside=diff] .ts-diff-added")).to_have_text("+# a later thought")
    page.click("[data-trackside=part-packages] > button")
    page.fill("[data-trackside=packages] input", "jupyterlab")
    expect(page.locator("[data-trackside=packages] pre")).to_contain_text("jupyterlab==")
    page.locator("[data-trackside=packages]").scroll_into_view_if_needed()
    window.screenshot("overview")


def test_chosen_runs_stand_side_by_side_with_what_differs(window: Lab) -> None:
    window.open()
    for name in ("left", "right"):
        window.server.submit(
            command=[sys.executable, "-c", _TRAIN.format(name=name, steps=5, pause=0)],
            name=name,
            config={"seed": 1, "side": name},
        )
        window.server.ended(name)
    _show_panel(window)
    page = window.page
    for name in ("left", "right"):
        page.locator(f"[data-trackside=run-row]:has(button:text-is('{name}')) input").check()
    page.click("[data-trackside=compare-runs]")
    settings = page.locator("[data-trackside=compare-settings]")
    expect(settings.locator("[data-key=side]")).to_contain_text("left")
    expect(settings.locator("[data-key=side]")).to_contain_text("right")
    expect(settings.locator("[data-key=seed]")).to_have_count(0)
    curve = page.locator("[data-trackside=compare] [data-trackside=curve][data-key='train/loss']")
    expect(curve).to_have_attribute("data-points", "10")
    page.select_option("[data-trackside=scatter-x]", "config.side")
    page.select_option("[data-trackside=scatter-y]", "duration")
    points = page.locator("[data-trackside=scatter] [data-trackside=point]")
    expect(points).to_have_count(2)
    expect(page.get_by_role("button", name="left: config.side left, duration")).to_be_visible()
    points.first.scroll_into_view_if_needed()
    points.first.hover()
    window.screenshot("compare")
    surroundings = page.locator("[data-trackside=compare-environment] [data-key=command]")
    expect(surroundings).to_contain_text("right")


def test_a_view_that_was_closed_opens_again(window: Lab) -> None:
    window.open()
    jobs = [_train(window, name, steps=3) for name in ("closed", "beside")]
    for job in jobs:
        window.server.ended(str(job["id"]))
    named = [{"run_id": job["run_id"], "uuid": job["uuid"], "name": job["name"]} for job in jobs]
    page = window.page
    for _ in range(2):
        _open_run(window, jobs[0]["run_id"], "log")
        page.evaluate("runs => window.jupyterapp.commands.execute('trackside:compare-runs', {runs})", named)
        expect(page.locator("[data-trackside=compare] [data-trackside=curve]").first).to_be_visible()
        page.evaluate("async () => { await window.jupyterapp.commands.execute('application:close-all') }")
        expect(page.locator("[data-trackside=compare], [data-trackside=run-view]")).to_have_count(0)


_MANY = """
import trackside
for step in range(5):
    trackside.log({"loss": step, "acc": step} | {f"{part}/{n}": step for part in ("optim", "layer") for n in range(5)}, step=step)
"""


def test_many_charts_stand_in_sections_and_a_pinned_one_first_in_every_run(window: Lab) -> None:
    window.open()
    jobs = [window.server.submit(cell=_MANY, name=name) for name in ("pinning", "other")]
    for job in jobs:
        window.server.ended(str(job["id"]))
    page = window.page
    _open_run(window, jobs[0]["run_id"], "curves")
    view = page.locator(f"[data-trackside=run-view][data-run-id={jobs[0]['run_id']}]")
    section = view.locator("[data-trackside='part-curves layer']")
    expect(section).to_contain_text("5 charts")
    chart = section.locator(".ts-chart-room:has([data-key='layer/3'])")
    chart.hover()
    chart.locator("[data-trackside=pin-chart]").click()
    pinned = "[data-trackside='part-curves pinned'] [data-trackside=curve]"
    expect(view.locator(pinned)).to_have_attribute("data-key", "layer/3")
    expect(section).to_contain_text("4 charts")
    section.locator("button[aria-expanded]").first.click()
    expect(section.locator("[data-trackside=curve]")).to_have_count(0)
    window.screenshot("curve-sections")
    _open_run(window, jobs[1]["run_id"], "curves")
    other = page.locator(f"[data-trackside=run-view][data-run-id={jobs[1]['run_id']}]")
    expect(other.locator(pinned)).to_have_attribute("data-key", "layer/3")


def test_a_page_and_a_server_of_other_versions_go_on_and_say_so(window: Lab) -> None:
    def newer(route: Route) -> None:
        route.fulfill(json={**window.server.get("health").json(), "version": "9.0.0", "mood": "new"})

    window.page.route("**/trackside/api/v1/health*", newer)
    window.open()
    _show_panel(window)
    expect(window.page.locator("[data-trackside=versions]")).to_contain_text("Reload the page")
    window.server.submit(command=["/bin/true"], name="all the same")
    expect(window.page.locator(f"{_row('all the same')}[data-status=completed]")).to_be_visible()


def test_a_query_is_searched_for_and_a_wrong_one_is_a_sentence(window: Lab) -> None:
    window.open()
    for side in ("near", "far"):
        window.server.submit(command=["/bin/true"], name=f"{side}-run", config={"side": side})
        window.server.ended(f"{side}-run")
    _show_panel(window)
    page = window.page
    page.fill("[data-trackside=run-query]", "stauts:completed")
    expect(page.locator("[data-trackside=side-panel]")).to_contain_text("Did you mean 'status'?")
    page.fill("[data-trackside=run-query]", "status:completed config.side=far")
    expect(page.locator("[data-trackside=run-row]")).to_have_count(1)
    expect(page.locator("[data-trackside=run-row]")).to_contain_text("far-run")
    expect(page.locator("[data-trackside=side-panel]")).not_to_contain_text("Did you mean")


def test_curves_and_log_are_whole_after_the_server_was_killed_and_came_back(window: Lab) -> None:
    """No gap and no repeat: as many points and lines as the job wrote."""
    window.open()
    job = _train(window, "unbroken", steps=250, pause=0.04)
    _open_run(window, job["run_id"], "log")
    page, view = window.page, f"[data-trackside=run-view][data-run-id={job['run_id']}]"
    page.wait_for_function("Number(document.querySelector('[data-trackside=log]')?.dataset.lines) > 5")
    window.server.port = urlsplit(window.server.url).port or 0
    window.server.kill()
    window.server.start()
    window.server.ended(str(job["id"]), timeout=60)

    expect(page.locator(f"{view} [data-trackside=status][data-status=completed]")).to_be_visible(timeout=60_000)
    expect(page.locator(f"{view} [data-trackside=log]")).to_have_attribute("data-lines", "250", timeout=60_000)
    _open_run(window, job["run_id"], "curves")  # by command: Lab's own dialog about the connection may cover the tab
    expect(page.locator(f"{view} [data-trackside=curve][data-key=acc]")).to_have_attribute("data-points", "250")


def test_a_log_of_a_million_lines_stands_in_few_rows_and_can_be_read_backwards(window: Lab) -> None:
    window.open()
    job = window.server.submit(command="seq 1000000", name="long")
    window.server.ended(str(job["id"]))
    _open_run(window, job["run_id"], "log")
    page = window.page
    expect(page.locator(".ts-log-line:text-is('1000000')")).to_be_visible()
    assert page.locator(".ts-log-line").count() < 200
    before = page.evaluate("Number(document.querySelector('[data-trackside=log]').dataset.lines)")
    page.locator("[data-trackside=log-window]").press("Home")
    page.wait_for_function(
        "before => Number(document.querySelector('[data-trackside=log]').dataset.lines) > before", arg=before
    )
    assert page.locator(".ts-log-line").count() < 200
    page.locator("[data-trackside=log-window]").press("End")
    expect(page.locator(".ts-log-line:text-is('1000000')")).to_be_visible()


def test_a_strangers_job_is_never_shown_only_the_saved_picture(window: Lab) -> None:
    """Another home, or the same id with another uuid: the sentence and the picture; the live job stays unseen."""
    job = _train(window, "mine", steps=1)
    ours = {"version": 1, "kind": "job", "run_id": job["run_id"], "name": "theirs"}
    bundles = [
        {**ours, "home_id": job["home_id"], "uuid": "0" * 32},
        {**ours, "home_id": "0" * 32, "uuid": job["uuid"]},
    ]
    cells = [
        {
            "cell_type": "code",
            "source": "",
            "metadata": {},
            "execution_count": None,
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {
                        "application/vnd.trackside.run+json": bundle,
                        "image/png": _PIXEL,
                        "text/plain": "theirs",
                    },
                }
            ],
        }
        for bundle in bundles
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (window.server.place.root / "work" / "stranger.ipynb").write_text(json.dumps(notebook))
    window.open("stranger.ipynb")
    saved = window.page.locator("[data-trackside=saved]")
    expect(saved).to_have_count(2)
    for index in range(2):
        expect(saved.nth(index)).to_contain_text("This job belongs to another machine")
        expect(saved.nth(index).locator("img")).to_have_attribute("alt", "theirs")
    expect(window.page.locator("[data-trackside=job-panel]")).to_have_count(0)


_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
