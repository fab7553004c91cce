"""Panels for everybody: axe-core finds nothing serious in any of them, in light and in dark.

Pictures that a cell displayed are JupyterLab's own, which gives them no alternative text.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Lab
from tests.browser.looks import use_theme
from tests.browser.test_side_panel import _open_run, _show_panel

_AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
_RUN = """async selector => {
    const ours = [...document.querySelectorAll(selector)].filter(element => element.offsetParent !== null);
    if (ours.length === 0) { throw new Error('nothing stands at ' + selector); }
    const found = await axe.run({ include: ours, exclude: [['.ts-outputs img']] }, { resultTypes: ['violations'] });
    return found.violations
        .filter(each => ['serious', 'critical'].includes(each.impact))
        .map(each => `${each.id}: ${each.help}: ${each.nodes.map(node => node.html.slice(0, 160)).join(' | ')}`);
}"""
_CELLS = [
    "%load_ext trackside\nimport trackside",
    """%%submit --name seen --wait --out best
import matplotlib.pyplot as plt
best = 1.0
for step in range(20):
    trackside.log({"loss": 1 / (1 + step), "acc": step}, step=step)
    print("step", step)
plt.plot([1, 2])
plt.show()
run = trackside.tracking.current_run()
run.log_table("rows", {"a": [1, 2], "b": ["x", "y"]})
open("notes.csv", "w").write("a,b\\n1,2\\n")
run.save_artifact("notes.csv")""",
    "%track --run seen",
    "%artifacts seen",
]
_TABS = ("overview", "curves", "log", "outputs", "artifacts", "system", "config")


def _serious(window: Lab, selector: str) -> list[str]:
    window.page.add_script_tag(path=str(_AXE))
    found: list[str] = window.page.evaluate(_RUN, selector)
    return found


def test_nothing_serious_is_found_in_any_panel(window: Lab) -> None:
    window.notebook("access.ipynb", _CELLS)
    for number in range(4):
        window.run_cell(number, wait=True)
    page, found = window.page, []
    expect(page.locator("[data-trackside=job-panel] [data-trackside=status]")).to_contain_text("completed")
    expect(page.locator("[data-trackside=job-panel] [data-trackside=results]")).to_be_visible()
    folded = page.locator("[data-trackside=job-panel] .ts-part-head[aria-expanded=false]")
    while folded.count() > 0:
        folded.first.click()
    page.locator("[data-trackside=log-search]").first.click()
    for theme in ("Light", "Dark"):
        use_theme(page, theme)
        found += [f"{theme} notebook: {each}" for each in _serious(window, ".ts-rendered")]
    run = window.server.job("seen")["run_id"]
    _show_panel(window)
    found += [f"side panel: {each}" for each in _serious(window, "[data-trackside=side-panel]")]
    for tab in _TABS:
        _open_run(window, run, tab)
        page.wait_for_timeout(300)
        found += [f"{tab}: {each}" for each in _serious(window, "[data-trackside=run-view]")]
    assert found == []
