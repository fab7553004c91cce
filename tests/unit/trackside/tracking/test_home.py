import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trackside.errors import InvalidInput
from trackside.tracking.home import ensure_home, home_dir, jupyter_data_dir, jupyter_runtime_dir


def test_trackside_home_wins() -> None:
    assert home_dir({"TRACKSIDE_HOME": "/data/ts", "JUPYTER_DATA_DIR": "/else"}) == Path("/data/ts")


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/home/ann"},
        {"HOME": "/home/ann", "XDG_DATA_HOME": "/xdg"},
        {"HOME": "/home/ann", "JUPYTER_DATA_DIR": "/data"},
        {"HOME": "/home/ann", "JUPYTER_DATA_DIR": ""},
        {"HOME": "/home/ann", "JUPYTER_PLATFORM_DIRS": "1"},
        {"HOME": "/home/ann", "JUPYTER_PLATFORM_DIRS": "0", "XDG_DATA_HOME": ""},
        {"HOME": "/home/ann", "JUPYTER_RUNTIME_DIR": "/run/ann"},
    ],
    ids=str,
)
def test_jupyters_folders_are_those_that_jupyter_core_finds(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = pytest.importorskip("jupyter_core.paths")
    for name in ("HOME", "XDG_DATA_HOME", "JUPYTER_DATA_DIR", "JUPYTER_PLATFORM_DIRS", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert str(jupyter_data_dir(environ)) == paths.jupyter_data_dir()
    assert str(jupyter_runtime_dir(environ)) == paths.jupyter_runtime_dir()
    assert home_dir(environ) == Path(paths.jupyter_data_dir()) / "trackside"


def test_the_home_is_private_and_keeps_its_id(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    first = ensure_home(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert ensure_home(home) == first
    assert json.loads((home / "home.json").read_text())["home_id"] == first
    assert [path.name for path in home.iterdir()] == ["home.json"]


def test_many_at_once_agree_on_one_id(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: ensure_home(tmp_path / "home"), range(16)))
    assert len(ids) == 1


def test_a_home_that_is_a_file_is_refused_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(InvalidInput, match="Set TRACKSIDE_HOME"):
        ensure_home(tmp_path / "home")


def test_a_damaged_home_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "home.json").write_text("{")
    with pytest.raises(InvalidInput, match="damaged"):
        ensure_home(tmp_path)
    assert (tmp_path / "home.json").read_text() == "{"


def test_a_home_file_that_a_loss_of_power_left_empty_gets_a_new_id(tmp_path: Path) -> None:
    (tmp_path / "home.json").touch()
    assert ensure_home(tmp_path, sync=False) == ensure_home(tmp_path) != ""
    assert [path.name for path in tmp_path.iterdir()] == ["home.json"]


@pytest.mark.parametrize("platform", ["darwin"])
def test_on_a_mac_the_library_folder_is_used(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert jupyter_data_dir({"HOME": "/Users/ann"}) == Path("/Users/ann/Library/Jupyter")
