"""Addresses of dead servers of this host go, those of living ones and of other hosts stay."""

from __future__ import annotations

import json
from pathlib import Path

from trackside.probes.process import ProcessId
from trackside_server.engine.addresses import sweep_addresses


def test_only_addresses_that_nobody_here_answers_under_are_taken_away(tmp_path: Path) -> None:
    own = ProcessId.of().to_dict()
    files = {
        "trackside-1.json": {**own, "start_time": 1},
        "trackside-2.json": own,
        "trackside-3.json": {**own, "start_time": 1, "host": "elsewhere"},
        "trackside-4.json": {key: value for key, value in own.items() if key != "host"},
    }
    (tmp_path / "run").mkdir()
    for name, said in files.items():
        (tmp_path / "run" / name).write_text(json.dumps(said))
    (tmp_path / "run" / "trackside-5.json").write_text("torn")
    sweep_addresses(tmp_path)
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert left == ["trackside-2.json", "trackside-3.json", "trackside-4.json", "trackside-5.json"]
