"""Numbers of narrow types as jax and torch use them, in an environment that has neither an encoder nor anything of ours."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.environments import environment_with

pytestmark = pytest.mark.timeout(300)  # the first time installs a package

SCRIPT = """
import json, sys
import ml_dtypes, numpy as np
import trackside
from trackside.tracking.encoding import choose_encoding

values = {
    "scalar": ml_dtypes.bfloat16(1.5), "array": np.array(0.1, dtype=ml_dtypes.bfloat16),
    "one": np.array([[2.5]], dtype=ml_dtypes.bfloat16), "float8": ml_dtypes.float8_e4m3fn(0.5), "int4": ml_dtypes.int4(3),
    "half": np.float16(0.1), "long": np.longdouble(0.25), "unsigned": np.uint64(2**64 - 1), "bool": np.bool_(True),
}
with trackside.init(system_metrics=False, capture_git=False, capture_pip=False) as run:
    for step in range(4):
        run.log({"deep": values, "nan": ml_dtypes.bfloat16("nan")}, step=step)
        run.log(values, step=step)
    try:
        run.log({"deep": {"many": np.zeros(2, dtype=ml_dtypes.bfloat16)}})
    except TypeError as error:
        print(json.dumps([choose_encoding().name, str(run.run_dir), str(error)]))
assert "msgspec" not in sys.modules and "orjson" not in sys.modules
"""

KEPT = {
    "scalar": 1.5, "array": 0.10009765625, "one": 2.5, "float8": 0.5, "int4": 3, "half": 0.0999755859375, "long": 0.25,
    "unsigned": 2**64 - 1, "bool": True,
}  # fmt: skip


def test_numbers_of_eight_and_sixteen_bits_are_kept_exactly_whichever_way_they_take(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "ipy_ext"
    answer = subprocess.run(
        [environment_with("ml_dtypes==0.5.4", "numpy"), "-c", SCRIPT],
        env={**os.environ, "TRACKSIDE_HOME": str(tmp_path), "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    encoder, folder, refusal = json.loads(answer.stdout)
    assert encoder == "json"
    assert "deep/many" in refusal
    records = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]
    assert len(records) == 8
    for nested, flat in zip(records[::2], records[1::2], strict=True):
        assert {key: flat[key] for key in KEPT} == KEPT
        assert {key: nested[f"deep/{key}"] for key in KEPT} == KEPT
        assert nested["nan"] == "NaN"
