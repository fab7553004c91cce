"""What doctor finds in an environment and in a home that no server looks after."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple

import pytest

from trackside.cli import checkup


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def enabled(on):
    return {"ServerApp": {"jpserver_extensions": {"trackside_server": on}}}


def test_a_home_that_is_not_there_is_no_problem(tmp_path):
    (found,) = checkup.home_findings(tmp_path / "absent")
    assert found.level == "note"


def test_a_home_of_ones_own_is_in_order(tmp_path):
    tmp_path.chmod(0o700)
    assert {found.level for found in checkup.home_findings(tmp_path)} == {"ok"}


@pytest.mark.parametrize(
    ("name", "mode", "fix"), [(".", 0o750, "chmod 700 {}"), ("vault.key", 0o640, "chmod 600 {}/vault.key")]
)
def test_what_others_could_read_is_a_problem_with_its_cure(tmp_path, name, mode, fix):
    tmp_path.chmod(0o700)
    target = tmp_path / name
    target.touch()
    target.chmod(mode)
    (problem,) = [found for found in checkup.home_findings(tmp_path) if found.level == "problem"]
    assert problem.fix == fix.format(tmp_path)
    tmp_path.chmod(0o700)


def test_a_disk_that_is_nearly_full_is_a_problem(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 2**40, 2**20))
    (problem,) = [found for found in checkup.home_findings(tmp_path) if found.level == "problem"]
    assert "1.0 MB free" in problem.message
    assert "trackside prune" in problem.fix


def test_an_environment_with_the_notebook_side_alone_is_worth_a_note():
    (found,) = checkup.environment_findings(["jupyter_server"])
    assert found.level == "note"
    assert "trackside[lab]" in found.fix


def test_the_server_extension_is_found_where_jupyter_looks(tmp_path):
    user, system = tmp_path / "user", tmp_path / "system"
    assert "not enabled" in checkup._server_extension([user, system]).message
    written(system / "jupyter_server_config.d/trackside.json", enabled(True))
    assert checkup._server_extension([user, system]).level == "ok"
    written(user / "jupyter_server_config.json", enabled(False))
    found = checkup._server_extension([user, system])
    assert (found.level, found.fix) == ("problem", "jupyter server extension enable trackside_server")
    assert "switched off" in found.message


@pytest.mark.parametrize("off", [{"trackside": True}, ["trackside"]])
def test_a_lab_extension_that_is_missing_or_switched_off_is_a_problem(tmp_path, off):
    folder = tmp_path / "share/jupyter/labextensions"
    assert "not found" in checkup._lab_extension([folder]).message
    written(folder / "trackside/package.json", {"version": "1.2.3"})
    assert checkup._lab_extension([folder]).message.startswith("1.2.3")
    written(tmp_path / "share/jupyter/lab/settings/page_config.json", {"disabledExtensions": off})
    assert checkup._lab_extension([folder]).fix == "jupyter labextension enable trackside"


def test_a_damaged_setting_says_nothing(tmp_path):
    path = tmp_path / "jupyter_server_config.d/trackside.json"
    written(path, [])
    (tmp_path / "jupyter_server_config.json").write_text("{")
    assert "not enabled" in checkup._server_extension([tmp_path]).message
