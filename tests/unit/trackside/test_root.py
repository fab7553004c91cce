import json
import subprocess
import sys

import pytest

import trackside


def test_the_root_has_at_most_16_names_and_each_one_is_there() -> None:
    assert len(trackside.__all__) <= 16
    assert sorted(trackside.__all__) == trackside.__all__
    for name in trackside.__all__:
        assert getattr(trackside, name) is not None, name
    assert set(trackside.__all__) <= set(dir(trackside))


def test_importing_the_root_loads_nothing_but_the_standard_library() -> None:
    code = """
import json, sys
before = set(sys.modules)
import trackside
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(answer.stdout)}
    assert loaded <= sys.stdlib_module_names | {"trackside"}, loaded


def test_a_run_that_logs_loads_nothing_but_the_standard_library_and_an_encoder() -> None:
    code = """
import json, os, sys, tempfile
os.environ["TRACKSIDE_HOME"] = tempfile.mkdtemp()
before = set(sys.modules)
import trackside
with trackside.init(system_metrics=False) as run:
    run.log({"loss": 0.5}, step=0)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(answer.stdout)} - sys.stdlib_module_names
    assert {name for name in loaded if not name.startswith("_sysconfigdata")} <= {"trackside", "orjson", "msgspec"}


def test_the_version_is_that_of_the_installed_package() -> None:
    from importlib.metadata import version

    assert trackside.__version__ == version("trackside")


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="'submitt'"):
        _ = trackside.submitt


def test_a_name_is_looked_up_once_only() -> None:
    first = trackside.log
    assert vars(trackside)["log"] is first


def test_jupyterlab_is_told_where_the_extension_lies() -> None:
    (where,) = trackside._jupyter_labextension_paths()
    assert where["dest"] == "trackside"
    assert where["src"].endswith("labextension/dist")
