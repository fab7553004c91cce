"""The files of a run: their tree, a look into each kind, what is copied and downloaded, and ten thousand of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl
import polars as pl
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Lab
from tests.browser.looks import OVERFLOWING, UNREADABLE, use_theme

mpl.use("agg")
_PANEL = "[data-trackside=artifacts-panel]"
_LOAD = "%load_ext trackside\nimport trackside"
_MANY = 10_000


def _row(window: Lab, path: str) -> Locator:
    return window.page.locator(f"{_PANEL} [role=row][data-path='{path}']")


def _look(window: Lab, path: str) -> Locator:
    """Open a file and return what is shown of it."""
    row = _row(window, path)
    row.locator(".ts-fold").click()
    return row.locator("xpath=following-sibling::*[1]").locator("[data-trackside=preview]")


def _picture(path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 2.4), dpi=100)
    axes.plot([1 / (1 + step / 4) for step in range(40)], label="loss")
    axes.legend()
    figure.savefig(path)
    plt.close(figure)


def _notebook(picture: Path) -> str:
    import base64

    image = base64.b64encode(picture.read_bytes()).decode()
    table = "<table><tr><th>lr</th><th>acc</th></tr><tr><td>0.1</td><td>0.93</td></tr></table>"
    script = "<script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"
    cells = [
        {"cell_type": "markdown", "source": "# Report", "metadata": {}},
        _cell("print('loaded 60,000 images')", [{"output_type": "stream", "name": "stdout", "text": "loaded 60,000 images\n"}], 1),
        _cell("plot(history)", [{"output_type": "display_data", "data": {"image/png": image, "text/plain": "<Figure>"}, "metadata": {}}], 2),
        _cell("frame", [{"output_type": "execute_result", "execution_count": 3, "data": {"text/html": table + script, "text/plain": "lr acc"}, "metadata": {}}], 3),
        _cell("evil()", [{"output_type": "display_data", "data": {"application/javascript": "document.title = 'ran'"}, "metadata": {}}], 4),
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _cell(source: str, outputs: list[dict[str, object]], count: int) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": outputs, "execution_count": count}


def _fill(artifacts: Path) -> None:
    for folder in ("plots/val", "tables", "checkpoints/best"):
        (artifacts / folder).mkdir(parents=True)
    _picture(artifacts / "plots" / "val" / "loss.png")
    rows = "".join(
        f"{n},{1 / (1 + n):.6f},{n % 7 / 7:.3f},word {n % 5},{'true' if n % 3 else ''}\n" for n in range(600)
    )
    (artifacts / "tables" / "losses.csv").write_text(f"step,loss,acc,note,best\n{rows}")
    pl.DataFrame(
        {"id": range(2000), "score": [n / 2000 for n in range(2000)], "label": ["cat", "dog"] * 1000, "vector": [[n, 1] for n in range(2000)]},
        schema_overrides={"score": pl.Float32},
    ).write_parquet(artifacts / "tables" / "scores.parquet")  # fmt: skip
    (artifacts / "tables" / "broken.parquet").write_bytes(b"nothing of the kind")
    config = {
        "lr": 0.01,
        "betas": [0.9, 0.999],
        "model": {"name": "resnet", "layers": list(range(200))},
        "fp16": True,
        "seed": None,
    }
    (artifacts / "config.json").write_text(json.dumps(config))
    (artifacts / "report.ipynb").write_text(_notebook(artifacts / "plots" / "val" / "loss.png"))
    (artifacts / "notes.md").write_text("# Notes\n" + "a line of text\n" * 8000)
    (artifacts / "LICENSE").write_text("Do as you like.\n")
    for step in (2, 10):
        (artifacts / "checkpoints" / f"step-{step}.pt").write_bytes(b"\0" * 300_000 * step)
    (artifacts / "checkpoints" / "best" / "model.pt").write_bytes(b"\0" * 3_000_000)


def _shown(window: Lab, name: str, *, many: bool = False) -> Path:
    """A job's files in its notebook; the folder of its artifacts."""
    window.notebook(f"{name}.ipynb", [_LOAD, f"%%submit --name {name}\npass", "_job.wait(120)", f"%artifacts {name}"])
    window.page.set_viewport_size({"width": 1280, "height": 1100})
    for cell in range(3):
        window.run_cell(cell, wait=True)
    artifacts = Path(window.server.job(name)["run_dir"]) / "artifacts"
    _fill(artifacts)
    if many:
        (artifacts / "samples").mkdir()
        for number in range(_MANY):
            (artifacts / "samples" / f"sample-{number}.txt").write_text(f"sample {number}")
    window.run_cell(3, wait=True)
    expect(window.page.locator(f"{_PANEL} [data-trackside=artifacts]")).to_be_visible()
    window.page.locator(_PANEL).scroll_into_view_if_needed()
    return artifacts


def _pictures(window: Lab, name: str) -> None:
    for theme in ("Dark", "Light"):
        use_theme(window.page, theme)
        window.screenshot(f"{name}-{theme.lower()}")
        assert window.page.evaluate(UNREADABLE, [_PANEL, 4.5]) == []
        assert window.page.evaluate(OVERFLOWING, _PANEL) == []


def test_files_stand_in_folders_that_fold_and_say_what_lies_in_them(window: Lab) -> None:
    _shown(window, "tree")
    checkpoints = _row(window, "checkpoints")
    expect(checkpoints).to_contain_text("3 files")
    expect(checkpoints).to_contain_text("6.3 MB")
    names = window.page.locator(f"{_PANEL} .ts-file-name .ts-fold").all_inner_texts()
    assert names == [
        "checkpoints", "best", "model.pt", "step-2.pt", "step-10.pt", "plots/val", "loss.png",
        "tables", "broken.parquet", "losses.csv", "scores.parquet", "config.json", "LICENSE", "notes.md", "report.ipynb",
    ]  # fmt: skip
    _pictures(window, "artifacts-tree")
    window.page.set_viewport_size({"width": 760, "height": 1100})
    assert window.page.evaluate(OVERFLOWING, _PANEL) == []
    window.screenshot("artifacts-narrow")
    window.page.set_viewport_size({"width": 1280, "height": 1100})
    checkpoints.locator(".ts-fold").click()
    expect(checkpoints).to_have_attribute("aria-expanded", "false")
    expect(_row(window, "checkpoints/step-2.pt")).to_have_count(0)

    checkpoints.locator(".ts-fold").focus()
    for key, path in (
        ("ArrowDown", "plots/val"), ("ArrowUp", "checkpoints"), ("ArrowRight", "checkpoints"),
        ("ArrowRight", "checkpoints/best"), ("End", "report.ipynb"), ("Home", "checkpoints"),
    ):  # fmt: skip
        window.page.keyboard.press(key)
        assert window.page.evaluate("document.activeElement.closest('[role=row]').dataset.path") == path, key
    expect(checkpoints).to_have_attribute("aria-expanded", "true")


def test_each_kind_of_file_is_shown_as_what_it_is(window: Lab) -> None:
    _shown(window, "kinds")
    table = _look(window, "tables/losses.csv")
    expect(table.locator("tbody tr")).to_have_count(50)
    assert table.locator("thead th").all_inner_texts()[:2] == ["step\nint64", "loss\nfloat64"]
    expect(table).to_contain_text("The first 50 of 600 rows · 5 columns")
    table.get_by_text("Show up to 500").click()
    expect(table.locator("tbody tr")).to_have_count(500)
    expect(_look(window, "tables/scores.parquet")).to_contain_text("The first 50 of 2000 rows · 4 columns")
    expect(_look(window, "tables/broken.parquet")).to_contain_text("broken.parquet cannot be read as a table")
    _pictures(window, "artifacts-tables")
    for path in ("tables/losses.csv", "tables/scores.parquet", "tables/broken.parquet"):
        _row(window, path).locator(".ts-fold").click()

    value = _look(window, "config.json")
    expect(value).to_contain_text("[0.9, 0.999]")
    value.get_by_text("layers").click()
    expect(value).to_contain_text("Show 100 more")
    expect(_look(window, "LICENSE")).to_contain_text("Do as you like.")
    _row(window, "config.json").scroll_into_view_if_needed()
    _pictures(window, "artifacts-json")
    _row(window, "config.json").locator(".ts-fold").click()

    expect(_look(window, "notes.md").locator(".ts-note")).to_have_text("The first 64 KB of 117 KB.")
    _row(window, "notes.md").locator(".ts-fold").click()
    expect(_look(window, "checkpoints/step-2.pt")).to_contain_text("Weights of a model.")
    picture = _look(window, "plots/val/loss.png").locator("img")
    expect(picture).to_be_visible()
    _pictures(window, "artifacts-picture")
    _row(window, "plots/val/loss.png").locator(".ts-fold").click()

    notebook = _look(window, "report.ipynb")
    expect(notebook).to_contain_text("loaded 60,000 images")
    expect(notebook.locator("img[src^='data:image/png']")).to_be_visible()
    expect(notebook.locator("td").first).to_have_text("0.1")
    assert window.page.title() != "ran"
    notebook.scroll_into_view_if_needed()
    _pictures(window, "artifacts-notebook")


def test_a_path_is_copied_and_a_file_downloaded(window: Lab) -> None:
    artifacts = _shown(window, "copy")
    row = _row(window, "tables/losses.csv")
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row.locator("[data-trackside=copy-path]").click()
    expect(row.locator("[data-trackside=copy-path]")).to_have_text("Copied")
    assert window.page.evaluate("navigator.clipboard.readText()") == str(artifacts / "tables" / "losses.csv")
    expect(row.locator("[data-trackside=copy-path]")).to_have_text("Copy path")

    window.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    window.page.evaluate("document.addEventListener('copy', () => window.copied = document.activeElement.value)")
    _row(window, "config.json").locator("[data-trackside=copy-path]").click()
    expect(_row(window, "config.json").locator("[data-trackside=copy-path]")).to_have_text("Copied")
    assert window.page.evaluate("window.copied") == str(artifacts / "config.json")

    with window.page.expect_download() as download:
        row.locator("[data-trackside=download]").click()
    assert Path(download.value.path()).read_bytes() == (artifacts / "tables" / "losses.csv").read_bytes()


@pytest.mark.usefixtures("lab")
def test_ten_thousand_files_are_quick(window: Lab) -> None:
    _shown(window, "many", many=True)
    expect(window.page.locator(f"{_PANEL} [data-trackside=artifacts-total]")).to_contain_text("10011 files")
    samples = _row(window, "samples")
    expect(samples).to_have_attribute("aria-expanded", "false")
    took = window.page.evaluate(
        """async ([folder, panel]) => {
            const began = performance.now();
            document.querySelector(folder).click();
            while (document.querySelectorAll(`${panel} [role=row]`).length < 100) {
                await new Promise(requestAnimationFrame);
            }
            return performance.now() - began;
        }""",
        [f"{_PANEL} [data-path=samples] .ts-fold", _PANEL],
    )
    print(f"a folder of {_MANY} files opened in {took:.0f} ms")
    assert took < 3000
    assert window.page.locator(f"{_PANEL} [role=row]").count() < 130
    window.page.locator(f"{_PANEL} [data-trackside=artifacts-search]").fill("sample-9999")
    found = window.page.locator(f"{_PANEL} [role=row]:visible")
    expect(found).to_have_count(2)
    window.page.locator(f"{_PANEL} [data-trackside=artifacts-search]").scroll_into_view_if_needed()
    _pictures(window, "artifacts-found")
    found.last.locator(".ts-fold").click()
    expect(window.page.locator(f"{_PANEL} [data-trackside=preview]:visible")).to_have_text("sample 9999")
    window.page.locator(f"{_PANEL} [data-trackside=artifacts-search]").fill("")
    more = window.page.get_by_text("Show 500 more")
    more.click()
    expect(window.page.locator(f"{_PANEL} [data-path^='samples/']")).to_have_count(600)
    window.page.locator(f"{_PANEL}").scroll_into_view_if_needed()
    _pictures(window, "artifacts-many")


_SAVES = """
import json, pathlib, trackside
run = trackside.init(name="opened")
pathlib.Path("best.csv").write_text("name,acc\\nresnet,0.93\\n")
pathlib.Path("notes.md").write_text("# What we saw\\n")
cell = {"cell_type": "code", "source": "print('of a run')", "metadata": {}, "outputs": [], "execution_count": 1}
pathlib.Path("report.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
for name in ("best.csv", "notes.md", "report.ipynb"):
    run.save_artifact(name, f"out/{name}")
"""


def test_lab_opens_the_files_of_a_run_with_its_own_viewers(window: Lab, tmp_path: Path) -> None:
    window.open()
    job = window.server.submit(command=[sys.executable, "-c", _SAVES], workdir=str(tmp_path), name="opened")
    window.server.ended(job["id"])
    page = window.page

    def open_file(name: str) -> None:
        asked = {"runId": job["run_id"], "tab": "artifacts"}
        page.evaluate("args => window.jupyterapp.commands.execute('trackside:open-run', args)", asked)
        view = page.locator(f"[data-trackside=run-view][data-run-id={job['run_id']}]")
        folder = view.locator("[role=row][data-path=out] .ts-fold")
        if folder.get_attribute("aria-expanded") == "false":
            folder.click()
        row = view.locator(f"[role=row][data-path='out/{name}']")
        row.hover()
        row.locator("[data-trackside=open-artifact]").click()

    open_file("best.csv")
    expect(page.locator(".jp-CSVViewer")).to_be_visible()
    open_file("notes.md")
    expect(page.locator(".jp-FileEditor .cm-content")).to_contain_text("# What we saw")
    open_file("report.ipynb")
    expect(page.locator(".jp-Notebook .jp-InputArea-editor").first).to_contain_text("of a run")
    window.screenshot("opened")
