"""Coming from FUSION's API: runs as processes, progress and logs as events, files of a run; all over plain HTTP."""

from __future__ import annotations

import json
import os

from tests.serving import LiveServer, until

_SIMULATION = """
import trackside
for erlang in (300.0, 400.0):
    for iteration in trackside.progress(range(1, 3)):
        trackside.log({"erlang": erlang, "blocking": erlang / 1e4})
open("erlang_results.json", "w").write("{}")
run = trackside.tracking.current_run()
run.save_artifact("erlang_results.json", "results/erlang.json")
(run.run_dir / "artifacts" / ".hidden").write_text("")
print("simulated", flush=True)
"""


def _submit(server: LiveServer, tmp_path: object, **fields: object) -> str:
    return str(server.submit(workdir=str(tmp_path), **fields)["id"])


def test_a_run_is_created_spawned_and_watched_to_its_end(live: LiveServer, tmp_path: object) -> None:
    """``create_run``: a record, a process in a group of its own, its output in a file, its true end."""
    run = _submit(live, tmp_path, cell="import trackside.tracking\n" + _SIMULATION, config={"erlang": [300, 400]})
    job = live.ended(run)
    assert (job["status"], job["exit_code"]) == ("completed", 0)
    facts = live.get(f"runs/{run}").json()
    assert (facts["status"], facts["config"]) == ("completed", {"erlang": [300, 400]})


def test_a_running_one_is_cancelled_with_all_its_processes_and_an_ended_one_is_deleted(
    live: LiveServer, tmp_path: object
) -> None:
    """``cancel_or_delete``, as two verbs: nothing is deleted that was to be cancelled."""
    run = _submit(live, tmp_path, command="sleep 600 & echo $!; wait")
    child = int(until(lambda: live.get(f"jobs/{run}/log").text.strip() or None, "the pid"))
    assert live.request("DELETE", f"jobs/{run}").status_code == 409
    live.post(f"jobs/{run}/cancel")
    assert live.ended(run)["status"] == "cancelled"
    until(lambda: not os.path.exists(f"/proc/{child}"), "the end of its child")  # noqa: PTH110
    assert live.get(f"runs/{run}/artifacts").status_code == 200
    assert live.request("DELETE", f"jobs/{run}").status_code == 204
    assert live.get(f"jobs/{run}").status_code == 404


def test_progress_and_log_come_as_events_with_what_was_there_first_and_then_done(
    live: LiveServer, tmp_path: object
) -> None:
    """``stream_progress`` and ``stream_run_logs``: also of a run that has ended, and of one that has not begun to write."""
    run = _submit(live, tmp_path, cell="import trackside.tracking\n" + _SIMULATION)
    with live.events(f"runs/{run}/stream?from=start") as events:
        seen = []
        for name, _, data in events:
            seen.append((name, data))
            if name == "done":
                break
    kinds = [name for name, _ in seen]
    assert kinds[-1] == "done"
    assert {"metrics", "log"} <= set(kinds)
    records = [record for name, data in seen if name == "metrics" for record in data["records"]]
    assert [record["erlang"] for record in records] == [300.0, 300.0, 400.0, 400.0]
    assert "simulated" in "".join(data["text"] for name, data in seen if name == "log")
    with live.events(f"jobs/{run}/log?follow=1") as events:
        told = [(name, data) for name, _, data in events]
    assert told[-1][0] == "done"
    assert "".join(data["text"] for name, data in told if name == "log").endswith("simulated\n")


def test_files_are_listed_without_hidden_ones_and_none_outside_is_reached(live: LiveServer, tmp_path: object) -> None:
    """``list_artifacts``, ``get_artifact_path`` and its protection."""
    run = _submit(live, tmp_path, cell="import trackside.tracking\n" + _SIMULATION)
    live.ended(run)
    files = live.get(f"runs/{run}/artifacts").json()["artifacts"]
    (found,) = files
    assert (found["name"], found["path"], found["size"]) == ("erlang.json", "results/erlang.json", 2)
    assert found["modified"]
    assert json.loads(live.get(f"runs/{run}/artifacts/results/erlang.json").text) == {}
    for path in ("..%2Fmeta.json", "results/..%2F..%2Fmeta.json", "%2Fetc%2Fpasswd", "results"):
        assert live.get(f"runs/{run}/artifacts/{path}").status_code in (400, 404), path
