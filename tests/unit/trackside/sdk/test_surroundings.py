"""A job gets the submitter's surroundings, without what belongs to the kernel alone."""

import sys
from pathlib import Path

from trackside.sdk.surroundings import carried_environment, module_path, surroundings


def test_jupyters_variables_and_tokens_stay_behind():
    kept = {"PATH": "/bin", "HF_TOKEN": "x", "TRACKSIDE_HOME": "/h", "MPLBACKEND": "agg"}
    own = {
        "JUPYTERHUB_API_TOKEN": "t",
        "JUPYTER_TOKEN": "t",
        "JPY_PARENT_PID": "1",
        "JPY_SESSION_NAME": "a.ipynb",
        "TRACKSIDE_TOKEN": "t",
        "TRACKSIDE_JOB_ID": "job-1",
        "TRACKSIDE_RUN_DIR": "/r",
        "TRACKSIDE_ATTEMPT": "1",
    }
    assert carried_environment({**kept, **own}) == kept


def test_the_kernels_way_to_draw_stays_behind():
    assert carried_environment({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}) == {}


def test_the_empty_entry_of_the_module_path_becomes_this_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "/a", "/a", str(tmp_path)])
    assert module_path() == [str(tmp_path), "/a"]


def test_a_command_gets_no_interpreter():
    assert set(surroundings(python=False)) == {"environment", "workdir"}
    full = surroundings(python=True)
    assert full["python"] == sys.executable
    assert full["workdir"] == str(Path.cwd())
