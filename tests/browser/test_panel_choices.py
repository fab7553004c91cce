"""The side panel as one arranges it: sections, settings, and the way from a GPU to who holds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Lab, opened, started_lab
from tests.serving import LiveServer, Place, until
from tests.stub_nvml import GIB, StubGpu, StubNvml

_PANEL = "[data-trackside=side-panel]"


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> StubNvml:
    return StubNvml(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory, nvml: StubNvml) -> Iterator[LiveServer]:
    """A JupyterLab on a machine with two GPUs."""
    root = tmp_path_factory.mktemp("boxed")
    nvml.show(StubGpu("GPU-a"), StubGpu("GPU-b", "Tesla T4", "00000000:5E:00.0", total=16 * GIB))
    yield from started_lab(Place(root), TRACKSIDE_LOCKS=str(root / "locks"), **nvml.environment)


@pytest.fixture
def window(boxed: LiveServer, browser: Browser) -> Iterator[Lab]:
    yield from opened(boxed, browser)


def _show_panel(window: Lab) -> None:
    window.page.evaluate("async () => { await window.jupyterapp.commands.execute('trackside:show-panel') }")
    window.page.wait_for_selector(f"{_PANEL}[data-state=here]")


def test_a_gpu_shows_its_last_minutes_and_leads_to_the_job_that_holds_it(window: Lab, nvml: StubNvml) -> None:
    window.open()
    _show_panel(window)
    job = window.server.submit(command="sleep 600", name="holder", gpus=1, grace=0)
    page = window.page
    holder = page.locator("[data-trackside=gpu-row] [data-trackside=gpu-holder]")
    expect(holder).to_have_text("holder · 1")
    nvml.show(StubGpu("GPU-a", used=40 * GIB, utilization=70), StubGpu("GPU-b", "Tesla T4", "00000000:5E:00.0"))
    page.wait_for_function(
        "document.querySelector('[data-trackside=gpu-row] [data-trackside=spark]')"
        "?.getAttribute('points').split(' ').length > 2"
    )
    window.screenshot("gpus")
    holder.click()
    expect(page.locator(f"[data-trackside=run-view][data-run-id={job['run_id']}]")).to_be_visible()
    window.server.post(f"jobs/{job['id']}/cancel")
    expect(holder).to_have_count(0)


def test_sections_are_moved_by_keys_and_by_dragging_and_stay_there(window: Lab) -> None:
    window.open()
    _show_panel(window)
    page = window.page
    order = "names => [...document.querySelectorAll('.ts-section')].map(s => s.dataset.trackside).join() === names"
    page.focus("#ts-section-runs")
    page.keyboard.press("Alt+ArrowUp")
    page.wait_for_function(order, arg="section-gpus,section-runs,section-jobs")
    page.keyboard.press("Alt+ArrowUp")
    page.wait_for_function(order, arg="section-runs,section-gpus,section-jobs")
    page.drag_and_drop("#ts-section-jobs", "#ts-section-runs", target_position={"x": 60, "y": 3})
    page.wait_for_function(order, arg="section-jobs,section-runs,section-gpus")
    page.wait_for_function("document.querySelector('#ts-section-runs').getAttribute('aria-expanded') === 'true'")
    until(lambda: '["jobs", "runs", "gpus"]' in window.choices(), "the order to be kept")
    window.open(reset=False)
    page.wait_for_selector(f"{_PANEL}[data-state=here]")
    page.wait_for_function(order, arg="section-jobs,section-runs,section-gpus")


def test_a_setting_holds_at_once(window: Lab) -> None:
    window.open()
    window.server.ended(window.server.submit(command=["/bin/true"], name="set", config={"lr": 0.1})["id"])
    _show_panel(window)
    page = window.page
    heads = page.locator("[data-trackside=run-table] th")
    expect(heads.first).to_be_attached()
    change = """async ([name, value]) => {
        const app = window.jupyterapp;
        await app.serviceManager.settings.save('trackside:plugin', JSON.stringify({[name]: value}));
        const id = '@jupyterlab/settingeditor-extension';
        await app.commands.execute('settingeditor:open', {query: 'Trackside'});
    }"""
    page.evaluate(change, ["columns", ["config.lr", "status"]])
    page.evaluate("async () => { await window.jupyterapp.commands.execute('application:close-all') }")
    window.open(reset=False)
    page.wait_for_selector(f"{_PANEL}[data-state=here]")
    expect(heads.nth(1)).to_have_text("lr")
    expect(heads.nth(2)).to_have_text("status")
    page.evaluate("window.jupyterapp.serviceManager.settings.save('trackside:plugin', '{\"diskHint\": 1}')")
    window.open(reset=False)
    expect(page.locator("[data-trackside=disk-hint]")).to_contain_text("trackside prune --dry-run")
    page.evaluate("window.jupyterapp.serviceManager.settings.save('trackside:plugin', '{}')")
