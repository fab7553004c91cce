"""Images, tables and histograms of a submitted cell stand in its panel while it runs, and in the run's own tab."""

from __future__ import annotations

from tests.browser.conftest import Lab

_SUBMIT = """%%submit --name media
import math, pathlib, time, trackside
import numpy as np
import pandas as pd
run = trackside.init()
rng = np.random.default_rng(1)
y, x = np.mgrid[-1:1:28j, -1:1:28j]
for step in trackside.progress(range(400), label="epoch"):
    blur = 1.2 - step / 12
    run.log_image("val/sample", np.exp(-((np.hypot(x, y) - 0.6) ** 2) / (0.02 + 0.4 * blur)), step=step, caption=f"after epoch {step}")
    photo = np.stack([np.sin(4 * x + step / 3), np.cos(5 * y - step / 4), x * y], -1) / 2 + 0.5
    run.log_image("val/mix", np.kron(photo, np.ones((8, 8, 1))), step=step)
    run.log_histogram("weights/layer 1", rng.normal(step / 10, 1 - step / 20, 5000), step=step)
    run.log_histogram("gradients", np.append(rng.gamma(2, 1, 5000), np.nan), step=step)
    trackside.log({"loss": math.exp(-step / 5), "acc": 1 - math.exp(-step / 3)}, step=step)
    print(f"epoch {step}", flush=True)
    time.sleep(0.3)
    if step == 11:
        break
    if step == 3:
        words = [f"w{n}" for n in range(40)]
        run.log_table("errors", pd.DataFrame({"word": words, "count": range(40), "share": [n / 41 for n in range(40)], "ok": [n % 2 == 0 for n in range(40)]}), step=step)
        run.log_text("samples", "Once upon a time <script>document.title = 'x'</script>\\n" * 3, step=step)
        while not pathlib.Path("go-on").exists():
            time.sleep(0.05)
run.log_text("samples", "The end.", step=12)
"""
_PANEL = "[data-trackside=job-panel]"
_PIECE = "[data-trackside=media-piece][data-key='{key}']"


def _theme(window: Lab, name: str) -> None:
    window.page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", f"JupyterLab {name}"
    )
    window.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=f"JupyterLab {name}")
    window.page.wait_for_selector("#jupyterlab-splash", state="detached")


def _wait_step(window: Lab, key: str, step: int) -> None:
    window.page.wait_for_function(
        f"""step => document.querySelector(`{_PIECE.format(key=key)}`)?.dataset.step === String(step)""", arg=step
    )


def _pixel(window: Lab, key: str) -> list[int]:
    """The colour in the middle of the picture that is shown."""
    found: list[int] = window.page.evaluate(
        """async selector => {
            const image = document.querySelector(selector);
            await image.decode();
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            canvas.getContext('2d').drawImage(image, 0, 0);
            return [canvas.width, canvas.height, ...canvas.getContext('2d').getImageData(14, 14, 1, 1).data];
        }""",
        f"{_PIECE.format(key=key)} img",
    )
    return found


def test_what_a_cell_logs_is_in_its_panel_while_it_runs(window: Lab) -> None:
    go_on = window.server.place.root / "work" / "go-on"
    window.notebook("media.ipynb", ["%load_ext trackside\nimport trackside", _SUBMIT])
    window.page.set_viewport_size({"width": 1440, "height": 1300})
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    _wait_step(window, "val/sample", 3)
    _wait_step(window, "weights/layer 1", 3)
    _wait_step(window, "samples", 3)
    assert _pixel(window, "val/sample")[:2] == [28, 28]
    before = _pixel(window, "val/sample")
    bars = window.page.locator(f"{_PIECE.format(key='weights/layer 1')} rect")
    assert bars.count() == 64
    table = window.page.locator(f"{_PIECE.format(key='errors')} table")
    assert table.locator("tbody tr").first.inner_text().split() == ["w0", "0", "0", "true"]
    text = window.page.locator(f"{_PIECE.format(key='samples')} pre").inner_text()
    assert "<script>document.title" in text, "a text is shown as it is"
    assert window.page.title() != "x"
    window.wait_text(f"{_PANEL} [data-trackside=progress]", "epoch 3 of 400")
    window.wait_text(f"{_PANEL} [data-trackside=pace]", "left")
    window.page.evaluate("async () => { await window.jupyterapp.commands.execute('trackside:show-panel') }")
    window.wait_text("[data-trackside=job-words]", "epoch 3 of 400 · ")
    window.wait_text("[data-trackside=job-words]", " left")
    for theme in ("Light", "Dark"):
        _theme(window, theme)
        window.page.wait_for_function(f"document.querySelectorAll(`{_PANEL} .ts-plot canvas`).length === 2")
        window.screenshot(f"media-panel-{theme.lower()}")

    window.save()
    window.reload()
    window.wait_text(f"{_PANEL} [data-trackside=progress]", "epoch 3 of 400")
    _wait_step(window, "samples", 3)

    slider = window.page.locator(f"{_PIECE.format(key='val/sample')} input[type=range]")
    slider.fill("1")
    _wait_step(window, "val/sample", 1)
    go_on.touch()
    _wait_step(window, "weights/layer 1", 11)
    _wait_step(window, "samples", 12)
    _wait_step(window, "val/sample", 1)
    window.page.wait_for_function(
        f"document.querySelector(`{_PIECE.format(key='val/sample')} .ts-caption`).innerText === 'after epoch 1'"
    )
    slider.fill("11")
    _wait_step(window, "val/sample", 11)
    window.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    assert _pixel(window, "val/sample") != before
    job = window.server.job("media")
    assert job["exit_code"] == 0

    window.page.locator(f"{_PANEL} [data-trackside=open]").first.click()
    window.page.locator("[data-trackside=tab-media]").click()
    window.page.wait_for_selector("[data-trackside=run-view] [data-trackside=media-image]")
    for theme in ("Dark", "Light"):
        _theme(window, theme)
        window.screenshot(f"media-tab-{theme.lower()}")


def test_a_job_without_media_shows_nothing_of_them(window: Lab) -> None:
    window.notebook("plain.ipynb", ["%load_ext trackside\nimport trackside", "%%submit --name plain\nprint('done')"])
    window.run_cell(0, wait=True)
    window.run_cell(1, wait=True)
    window.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    window.wait_text(f"{_PANEL} [data-trackside=log]", "done")
    assert window.page.locator(f"{_PANEL} [data-trackside=media]").count() == 0
    window.page.locator(f"{_PANEL} [data-trackside=open]").first.click()
    window.page.wait_for_selector("[data-trackside=tab-overview]")
    assert window.page.locator("[data-trackside=tab-media]").count() == 0
