"""What a template is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside_server.executors import template_link
from trackside_server.executors.template_link import TemplateLink


def test_the_template_gets_nothing_of_the_servers_environment_but_what_it_needs() -> None:
    given = {"PATH": "/bin", "HOME": "/h", "TRACKSIDE_LOCKS": "/l", "JUPYTERHUB_API_TOKEN": "x", "AWS_SECRET": "y"}
    kept = template_link._environment(given)
    assert {name: kept[name] for name in ("PATH", "HOME", "TRACKSIDE_LOCKS")} == {
        "PATH": "/bin",
        "HOME": "/h",
        "TRACKSIDE_LOCKS": "/l",
    }
    assert set(kept) == {"PATH", "HOME", "TRACKSIDE_LOCKS", "TRACKSIDE_TEMPLATE_PATH"}


def test_servers_with_another_interpreter_use_another_template(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    template_link._fingerprint.cache_clear()
    one = TemplateLink(tmp_path).path
    monkeypatch.setattr("sys.executable", "/another/python")
    template_link._fingerprint.cache_clear()
    assert TemplateLink(tmp_path).path != one
    template_link._fingerprint.cache_clear()


def test_a_long_path_is_shortened_to_one_that_fits_an_address(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 150)
    folder.mkdir()
    with template_link._short_name(folder / "template.sock") as name:
        assert len(name) < 108
        assert Path(name).parent.samefile(folder)
    with template_link._short_name(Path("/run/template.sock")) as name:
        assert name == "/run/template.sock"
