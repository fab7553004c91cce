"""What is added to a bundle where the front end needs a widget."""

from __future__ import annotations

import pytest

from trackside.client import Client
from trackside.display import live
from trackside.display.bundle import MIME_TYPE, Bundle
from trackside.display.live import LivePanels

_VIEW = "application/vnd.jupyter.widget-view+json"
_REFERENCE = {"version": 1, "kind": "job", "home_id": "h", "uuid": "u", "run_id": "job-1", "name": "one"}


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> LivePanels:
    monkeypatch.setenv("TRACKSIDE_FRONTEND", "widget")
    return LivePanels({}, lambda: Client("http://127.0.0.1:9/"))


def _bundle() -> Bundle:
    return {MIME_TYPE: _REFERENCE, "image/png": "aaaa", "text/plain": "one · running"}


def test_the_widget_stands_first_and_everything_else_stays(panels: LivePanels) -> None:
    """VS Code takes the first that it can show; picture, text and our own type are there for everybody else."""
    shown = panels.shown(_bundle(), "d1")
    assert list(shown) == [_VIEW, MIME_TYPE, "image/png", "text/plain"]
    assert shown[MIME_TYPE] == _REFERENCE


def test_a_later_bundle_of_the_same_panel_keeps_its_widget(panels: LivePanels) -> None:
    first = panels.shown(_bundle(), "d1")
    later = panels.updated({**_bundle(), "text/plain": "one · completed"}, "d1")
    assert later[_VIEW] == first[_VIEW]
    assert later["text/plain"] == "one · completed"
    assert _VIEW not in panels.updated(_bundle(), "another")


def test_a_picture_alone_gets_no_widget(panels: LivePanels) -> None:
    assert panels.shown({"text/plain": "x"}, "d1") == {"text/plain": "x"}


def test_in_jupyterlab_the_bundle_is_as_it_was(monkeypatch: pytest.MonkeyPatch, panels: LivePanels) -> None:
    monkeypatch.setenv("TRACKSIDE_FRONTEND", "lab")
    assert panels.shown(_bundle(), "d1") == _bundle()


def test_without_anywidget_it_is_said_once_and_the_picture_is_shown(
    monkeypatch: pytest.MonkeyPatch, panels: LivePanels, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trackside.display.widget.find_spec", lambda _: None)
    assert panels.shown(_bundle(), "d1") == panels.shown(_bundle(), "d2") == _bundle()
    said = capsys.readouterr().out
    assert said.count("anywidget") == 1
    assert "pip install" in said


def test_the_oldest_panels_stop_living(monkeypatch: pytest.MonkeyPatch, panels: LivePanels) -> None:
    monkeypatch.setattr(live, "_MOST", 2)
    for number in range(3):
        panels.shown(_bundle(), f"d{number}")
    assert [_VIEW in panels.updated(_bundle(), f"d{number}") for number in range(3)] == [False, True, True]
