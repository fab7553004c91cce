"""What holds jobs up, and what becomes of one that wanted too much: seen and mended in the side panel and the run view."""

from __future__ import annotations

import os
import sys

from playwright.sync_api import expect

from tests.browser.conftest import Lab
from tests.browser.test_side_panel import _open_run, _row, _show_panel

_GREEDY = "keep = []\nwhile True:\n    keep.append(bytearray(8 << 20))"


def test_a_paused_queue_says_so_and_goes_on_with_one_click(window: Lab) -> None:
    """Also where the pause came from another window or a terminal."""
    window.open()
    _show_panel(window)
    page, server = window.page, window.server
    assert server.post("queue/pause").status_code == 200
    paused = page.locator("[data-trackside=queue-paused]")
    expect(paused).to_contain_text("The queue is paused since")
    job = server.submit(command="sleep 600", name="held-up")
    expect(page.locator(f"{_row('held-up')} [data-trackside=job-words]")).to_contain_text("queue is paused")
    page.click("[data-trackside=resume-queue]")
    expect(paused).to_have_count(0)
    expect(page.locator(f"{_row('held-up')}[data-status=running]")).to_be_visible()
    server.post(f"jobs/{job['id']}/cancel")
    server.ended(job["id"])


def test_a_job_that_ran_out_of_memory_is_retried_with_twice_as_much(window: Lab) -> None:
    window.open()
    server, page = window.server, window.page
    job = server.submit(command=[sys.executable, "-c", _GREEDY], name="greedy", memory="100M")
    assert server.ended(job["id"])["reason"]["code"] == "out_of_memory"
    _open_run(window, job["run_id"], "overview")
    view = f"[data-trackside=run-view][data-run-id={job['run_id']}]"
    expect(page.locator(f"{view} [data-trackside=status]")).to_contain_text("out of memory")
    more = page.locator(f"{view} [data-trackside=retry-more]")
    expect(more).to_have_text("Retry with 200 MB")
    more.click()
    expect(page.locator(f"{view} [data-trackside=overview]")).to_contain_text("200 MB memory")
    assert server.ended(job["id"])["attempt"] == 2


def test_waiting_jobs_are_put_in_another_order_by_dragging_and_by_keys(window: Lab) -> None:
    window.open()
    server, page = window.server, window.page
    assert server.post("queue/pause").status_code == 200
    one_at_a_time = len(os.sched_getaffinity(0))
    ids = [server.submit(command=["/bin/true"], name=f"order-{name}", cpus=one_at_a_time)["id"] for name in "abc"]
    _show_panel(window)
    page.fill("[data-trackside=job-filter]", "order-")
    names = page.locator("[data-trackside=job-row] .ts-row-name")
    expect(names).to_have_text(["order-a", "order-b", "order-c"])
    page.drag_and_drop(_row("order-c"), _row("order-a"), target_position={"x": 80, "y": 6})
    expect(names).to_have_text(["order-c", "order-a", "order-b"])
    page.locator(f"{_row('order-b')} [data-row]").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(names).to_have_text(["order-c", "order-b", "order-a"])
    assert server.post("queue/resume").status_code == 200
    began = [server.ended(ids[n])["started_at"] for n in (2, 1, 0)]
    assert began == sorted(began)


def test_chosen_jobs_are_cancelled_retried_and_deleted_together(window: Lab) -> None:
    window.open()
    server, page = window.server, window.page
    ids = [server.submit(command="sleep 600", name=f"many-{n}", cpus=0.1, grace=0)["id"] for n in range(3)]
    _show_panel(window)
    page.fill("[data-trackside=job-filter]", "many-")
    listed = page.locator("[data-trackside=job-row][data-status=running]")
    expect(listed).to_have_count(3)
    listed.first.locator(".ts-choose").check()
    listed.last.locator(".ts-choose").click(modifiers=["Shift"])
    expect(page.locator("[data-trackside=chosen-jobs]")).to_contain_text("3 chosen")
    window.screenshot("chosen-jobs")
    page.click("[data-trackside=cancel-chosen]")
    expect(page.locator("[data-trackside=job-row][data-status=cancelled]")).to_have_count(3)
    expect(page.locator("[data-trackside=chosen-jobs]")).to_have_count(0)
    for n in (0, 1):
        page.locator(f"{_row(f'many-{n}')} .ts-choose").check()
    page.click("[data-trackside=delete-chosen]")
    page.click(".jp-Dialog-button.jp-mod-warn")
    expect(page.locator("[data-trackside=job-row]")).to_have_count(1)
    assert [server.get(f"jobs/{job}").status_code for job in ids] == [404, 404, 200]
