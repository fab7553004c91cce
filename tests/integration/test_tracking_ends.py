"""How runs without a job end when their process ends: each script is a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trackside.probes.process import ProcessId
from trackside.tracking import read_meta, read_metrics, read_records

SETUP = """
import os, signal, sys, threading, time
import trackside
{before}
run = trackside.init({name!r}, system_metrics=False, capture_git=False, capture_pip=False)
trackside.log({{"loss": 0.5}}, step=0)
"""


class Scripts:
    """Runs scripts in a home of their own."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.root = root
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRACKSIDE")},
            "TRACKSIDE_HOME": str(self.home),
        }

    def start(self, code: str, name: str = "baseline", before: str = "", **environment: str) -> subprocess.Popen[str]:
        script = self.root / f"{name}.py"
        script.write_text(SETUP.format(name=name, before=before) + code)
        return subprocess.Popen(
            [sys.executable, str(script)],
            env=self.environment | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(code, **environment)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def folders(self) -> list[Path]:
        return sorted((self.home / "runs").iterdir(), key=lambda path: read_meta(path)["started_at"])  # type: ignore[arg-type, return-value]

    def only(self) -> dict[str, object]:
        (folder,) = self.folders()
        return read_meta(folder)

    def metrics(self) -> list[dict[str, object]]:
        (folder,) = self.folders()
        return read_metrics(folder / "metrics.jsonl")


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.mark.parametrize(
    ("code", "exit_code", "status", "reason"),
    [
        ("pass", 0, "completed", None),
        ("sys.exit()", 0, "completed", None),
        ("sys.exit(0)", 0, "completed", None),
        ("run.finish(); 1 / 0", 1, "completed", None),
        ("1 / 0", 1, "failed", ("exception", "ZeroDivisionError: division by zero")),
        ("sys.excepthook = lambda *_: None\n1 / 0", 1, "failed", ("exception", "ZeroDivisionError: division by zero")),
        ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass", 0, "completed", None),
        ("def main():\n    sys.exit(3)\nmain()", 3, "failed", ("exit_code", "Exit code 3.")),
        ("exit(4)", 4, "failed", ("exit_code", "Exit code 4.")),
        ("sys.exit('no data')", 1, "failed", ("exit_code", "Exit code 1: no data")),
        ("try:\n    sys.exit(3)\nexcept SystemExit:\n    pass", 0, "completed", None),
        ("try:\n    sys.exit(3)\nfinally:\n    print('bye')", 3, "failed", ("exit_code", "Exit code 3.")),
        ("import argparse\nargparse.ArgumentParser().error('no')", 2, "failed", ("exit_code", "Exit code 2.")),
        ("t = threading.Thread(target=sys.exit, args=(3,))\nt.start()\nt.join()", 0, "completed", None),
        ("t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()", 0, "completed", None),
        ("raise KeyboardInterrupt", -2, "failed", ("signal", "Interrupted from the keyboard (SIGINT).")),
        ("with run:\n    raise ValueError('bad')", 1, "failed", ("exception", "ValueError: bad")),
    ],
)
def test_a_script_that_never_calls_finish_ends_its_run_as_it_ends(
    scripts: Scripts, code: str, exit_code: int, status: str, reason: tuple[str, str] | None
) -> None:
    found, _, errors = scripts.run(code)
    assert found == exit_code, errors
    meta = scripts.only()
    assert meta["status"] == status
    assert meta["reason"] == (None if reason is None else {"code": reason[0], "message": reason[1]})
    assert meta["finished_at"] is not None
    assert "Exception ignored" not in errors
    assert scripts.metrics()[0]["loss"] == 0.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_process_as_ever_and_the_run_as_failed(scripts: Scripts, number: signal.Signals) -> None:
    process = scripts.start("print('ready', flush=True)\nwhile True:\n    time.sleep(0.01); run.log({'loss': 1})")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == -number
    meta = scripts.only()
    assert (meta["status"], meta["reason"]) == (
        "failed", {"code": "signal", "message": f"Ended by signal {number.name}."},
    )  # fmt: skip


def test_a_signal_while_a_run_is_being_finished_leaves_it_finished(scripts: Scripts, tmp_path: Path) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    process = scripts.start(
        "run.finish()\nsecond = trackside.init('second', system_metrics=False, capture_pip=False)\n"
        "print('ready', flush=True)\nsecond.finish()\ntime.sleep(60)",
        PATH=f"{slow.parent}{os.pathsep}{os.environ['PATH']}",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM, errors
    (second,) = [meta for meta in map(read_meta, scripts.folders()) if meta["name"] == "second"]
    assert second["status"] in {"completed", "failed"}, "not left running"
    assert second["finished_at"] is not None


@pytest.mark.parametrize(
    ("handler", "exit_code", "status"),
    [("signal.SIG_IGN", 0, "completed"), ("lambda *_: sys.exit(7)", 7, "failed")],
)
def test_the_users_own_handler_is_left_alone(scripts: Scripts, handler: str, exit_code: int, status: str) -> None:
    process = scripts.start(
        "print('ready', flush=True)\nsys.stdin.readline()", before=f"signal.signal(signal.SIGTERM, {handler})"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate("\n", timeout=30)
    assert process.returncode == exit_code, errors
    assert scripts.only()["status"] == status


def test_a_killed_process_leaves_a_run_whose_process_is_known_to_be_dead(scripts: Scripts) -> None:
    process = scripts.start("print('ready', flush=True)\ntime.sleep(60)")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    identity = ProcessId.from_dict(scripts.only()["process"])  # type: ignore[arg-type]
    assert identity.pid == process.pid
    assert identity.is_alive()
    process.kill()
    process.communicate(timeout=30)
    assert not identity.is_alive()
    assert scripts.only()["status"] == "running"
    assert len(scripts.metrics()) == 1


def test_forked_children_log_to_the_run_and_do_not_end_it(scripts: Scripts) -> None:
    code, _, errors = scripts.run("""
children = []
for who in range(3):
    pid = os.fork()
    if pid == 0:
        for i in range(1100):
            trackside.log({"who": who}, step=i)
        sys.exit(5)
    children.append(pid)
for i in range(1100):
    run.log({"who": -1}, step=i)
for pid in children:
    os.waitpid(pid, 0)
run.log({"last": 1})
""")
    assert code == 0, errors
    assert scripts.only()["status"] == "completed"
    records = scripts.metrics()
    assert len(records) == 1 + 4 * 1100 + 1
    indices = [record["_idx"] for record in records]
    assert len(set(indices)) == len(indices)
    for who in range(-1, 3):
        mine = [int(str(record["_idx"])) for record in records if record.get("who") == who]
        assert mine == sorted(mine)
        assert len(mine) == 1100


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_of_multiprocessing_ends_its_own_run(scripts: Scripts, method: str) -> None:
    (scripts.root / "work.py").write_text(
        "import trackside\n"
        "def work(fails):\n"
        "    trackside.init('worker', system_metrics=False, capture_git=False, capture_pip=False).log({'loss': 1})\n"
        "    assert not fails\n"
    )
    code, _, errors = scripts.run(f"""
import multiprocessing
from work import work
if __name__ == "__main__":
    for fails in (False, True):
        process = multiprocessing.get_context({method!r}).Process(target=work, args=(fails,))
        process.start()
        process.join()
else:
    run.finish()
""")
    assert code == 0, errors
    ends = [(meta["name"], meta["status"]) for meta in map(read_meta, scripts.folders())]
    assert ends.count(("worker", "completed")) == 1
    assert ends.count(("worker", "failed")) == 1
    assert ("baseline", "completed") in ends


def test_a_forked_child_dies_of_a_signal_though_it_runs_no_python(scripts: Scripts) -> None:
    code, output, errors = scripts.run("""
pid = os.fork()
if pid == 0:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.sigwait([signal.SIGUSR1])
os.kill(pid, signal.SIGTERM)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""")
    assert (code, output) == (0, "-15\n"), errors
    assert scripts.only()["status"] == "completed"


def test_an_error_in_a_notebook_cell_does_not_fail_its_run(scripts: Scripts) -> None:
    code, _, errors = scripts.run("""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("1 / 0")
shell.run_cell("import sys; sys.exit(3)")
""")
    assert code == 0, errors
    assert scripts.only()["status"] == "completed"


def test_processes_of_one_job_share_its_run(scripts: Scripts) -> None:
    folder = scripts.home / "runs" / "job-1"
    (folder / "artifacts").mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"run_id": "job-1", "name": "baseline", "status": "running"}))
    scripts.environment |= {"TRACKSIDE_RUN_DIR": str(folder), "TRACKSIDE_JOB_ID": "job-1"}
    codes = [
        f"for i in range(1500):\n    run.log({{'who': {who}}}, step=i)\nrun.summary({{'best_{who}': {who}}})\n1 / 0"
        for who in range(2)
    ]
    processes = [scripts.start(code, name=f"process_{who}") for who, code in enumerate(codes)]
    for process in processes:
        process.communicate(timeout=60)
    meta = read_meta(folder)
    assert (meta["status"], meta.get("reason")) == ("running", None), "only the runner knows how a job ended"
    assert meta["summary"] == {"best_0": 0, "best_1": 1}
    records = read_metrics(folder / "metrics.jsonl")
    assert len(records) == 2 + 3000
    assert len({record["_idx"] for record in records}) == len(records)


def test_a_kill_in_the_midst_of_threads_ranks_and_forks_loses_nothing_that_returned(scripts: Scripts) -> None:
    """Two ranks of one job, each forked once, three threads in each of the four processes, records of all shapes."""
    folder = scripts.home / "runs" / "job-1"
    (folder / "artifacts").mkdir(parents=True)
    scripts.environment |= {"TRACKSIDE_RUN_DIR": str(folder), "TRACKSIDE_JOB_ID": "job-1"}
    code = """
os.fork()
def work(number):
    who = f"{{os.getpid()}}-{{number}}"
    for i in range(10**9):
        trackside.log([{{"who": who, "i": i}}, {{"who": who, "i": i, "deep": {{"nan": float("nan")}}}}][i % 2], step=i)
        os.write(1, f"{{who}} {{i}}\\n".encode())
for number in range(3):
    threading.Thread(target=work, args=(number,)).start()
"""
    ranks = [scripts.start(code.format(), name=f"rank_{rank}") for rank in range(2)]
    outputs: list[list[str]] = [[], []]

    def follow(number: int) -> None:
        stdout = ranks[number].stdout
        assert stdout is not None
        outputs[number].extend(stdout)

    readers = [threading.Thread(target=follow, args=(number,)) for number in range(2)]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + 60
    while min(len({line.partition(" ")[0] for line in output}) for output in outputs) < 6 or len(outputs[0]) < 4000:
        assert time.monotonic() < deadline, [len(output) for output in outputs]
        time.sleep(0.01)
    pids = {int(line.partition("-")[0]) for output in outputs for line in list(output)}
    assert len(pids) == 4
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for process, reader in zip(ranks, readers, strict=True):
        process.wait(30)
        reader.join(30)
    records, _, torn = read_records(folder / "metrics.jsonl")
    logged = [(record["who"], record["i"]) for record in records if "who" in record]
    returned = [tuple(line.split()) for output in outputs for line in output if line.endswith("\n")]
    assert torn == 0
    assert len(set(logged)) == len(logged)
    assert {(who, int(i)) for who, i in returned} <= set(logged)
    assert len({record["_idx"] for record in records}) == len(records)
    for process in {str(who).partition("-")[0] for who, _ in logged}:
        indices = [record["_idx"] for record in records if str(record.get("who")).startswith(f"{process}-")]
        assert indices == sorted(indices, key=int)  # type: ignore[call-overload]


def test_an_attempt_after_a_kill_goes_on_without_a_gap(scripts: Scripts) -> None:
    folder = scripts.home / "runs" / "job-1"
    (folder / "artifacts").mkdir(parents=True)
    scripts.environment |= {"TRACKSIDE_RUN_DIR": str(folder), "TRACKSIDE_JOB_ID": "job-1"}
    for _ in range(2):
        process = scripts.start("run.log({'a': 1})\nprint('ready', flush=True)\ntime.sleep(60)")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.communicate(timeout=30)
        with (folder / "metrics.jsonl").open("ab") as file:
            file.write(b'{"_timestamp": "torn')
    code, _, errors = scripts.run("pass")
    assert code == 0, errors
    assert [record["_idx"] for record in read_metrics(folder / "metrics.jsonl")] == [0, 1, 2, 3, 4]


def test_a_disk_that_is_full_does_not_stop_the_work(scripts: Scripts, tmp_path: Path) -> None:
    """A real limit on the size of files: writes fail with EFBIG, the first of them in the middle of a record."""
    code, output, errors = scripts.run("""
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
for i in range(1000):
    run.log({"loss": 1 / (i + 1)}, step=i)
run.summary({"text": "x" * 1000})
(dropped, _) = (run.dropped, resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2))
run.log({"again": 1})
print(dropped)
""")
    assert code == 0, errors
    dropped = int(output)
    records = scripts.metrics()
    assert len(records) == 1 + (1000 - dropped) + 1
    assert records[-1]["again"] == 1
    assert [record["_idx"] for record in records[:-1]] == list(range(len(records) - 1))
    assert errors.count("run.dropped") == 1
    assert scripts.only()["dropped"] == dropped


def test_a_slow_git_does_not_hold_up_the_work(scripts: Scripts, tmp_path: Path) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    began = time.monotonic()
    code, output, errors = scripts.run(
        """
began = time.monotonic()
second = trackside.init("second", system_metrics=False, capture_pip=False)
second.log({"loss": 1})
print(time.monotonic() - began)
""",
        PATH=f"{slow.parent}{os.pathsep}{os.environ['PATH']}",
    )
    assert code == 0, errors
    assert float(output) < 2.0
    assert time.monotonic() - began < 30
