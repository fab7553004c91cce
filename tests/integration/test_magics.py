"""The magics in a real kernel of a real server: what a person types, and what they get."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernels import ServerKernel
from tests.serving import LiveServer, Place, stop_templates, until

BUNDLE = "application/vnd.trackside.run+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all tests of this file."""
    place = Place(tmp_path_factory.mktemp("magics"))
    server = LiveServer(place).start()
    yield server
    server.stop()
    stop_templates(place.home)


@pytest.fixture(scope="module")
def shared(server: LiveServer) -> Iterator[ServerKernel]:
    kernel = ServerKernel(server)
    kernel.execute("%load_ext trackside\nimport trackside, time")
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(shared: ServerKernel) -> ServerKernel:
    """The kernel, whose last test left no job behind."""
    shared.execute(
        "import trackside; trackside.wait(list(trackside.Client().jobs.iterate(status='pending,running')), 60)"
    )
    return shared


def next_update(kernel: ServerKernel, timeout: float = 60.0, of: str = "") -> dict[str, Any]:
    """Return the next update of an output that comes while no cell runs: of the job of this name, if one is named."""
    deadline = time.monotonic() + timeout
    seen = []
    while (left := deadline - time.monotonic()) > 0:
        kernel._socket.settimeout(left)
        message = json.loads(kernel._socket.recv())
        seen.append(message["msg_type"])
        if message["msg_type"] == "update_display_data" and of in message["content"]["data"]["text/plain"]:
            return dict(message["content"])
    raise AssertionError(f"no update of an output within {timeout:g} s; came: {seen}")


def test_a_submitted_cell_shows_a_panel_that_gets_its_picture_when_the_job_ends(kernel: ServerKernel) -> None:
    cell = kernel.execute("%%submit -n curves\nfor i in range(30):\n    trackside.log({'loss': 1 / (1 + i)}, step=i)")
    (bundle,) = cell.bundles
    assert bundle[BUNDLE]["name"] == "curves"
    assert bundle[BUNDLE]["kind"] == "job"
    assert "image/png" not in bundle
    update = next_update(kernel, of="curves ·")
    assert update["data"][BUNDLE] == {**bundle[BUNDLE], "ended": update["data"][BUNDLE]["ended"]}
    assert "completed in" in update["data"]["text/plain"]
    picture = base64.b64decode(update["data"]["image/png"])
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000


def test_the_thread_that_watches_prints_nothing_and_ends(kernel: ServerKernel) -> None:
    kernel.execute("%%submit\n1")
    next_update(kernel)
    threads = "import threading; print([t.name for t in threading.enumerate() if 'trackside' in t.name])"
    until(lambda: kernel.execute(threads).stdout.strip() == "[]", "the end of the watching thread")
    assert kernel.execute("pass").outputs == []


def test_a_job_without_metrics_gets_no_picture(kernel: ServerKernel) -> None:
    kernel.execute("%%submit -n plain\n1")
    update = next_update(kernel, of="plain ·")
    assert "image/png" not in update["data"]


def test_the_job_is_shown_once_and_is_the_value_of_the_cell(kernel: ServerKernel) -> None:
    assert len(kernel.execute("%%submit\n1").bundles) == 1
    assert kernel.execute("job = %submit -- true").bundles != []
    assert len(kernel.execute("job").bundles) == 1
    assert kernel.execute("print(_job is job, type(job).__name__)").stdout == "True Job\n"


@pytest.mark.parametrize(("line", "column"), [("%track", "loss.min"), ("%runs -n 1", "loss.min"), ("%jobs", "status")])
def test_what_is_shown_once_is_also_a_frame(kernel: ServerKernel, line: str, column: str) -> None:
    """Also from the middle of a cell; the panel stands once in its own cell and again where the value is shown."""
    kernel.execute("%%submit --wait -n framed\nfor i in range(3):\n    trackside.log({'loss': 3 - i}, step=i)")
    assert len(kernel.execute(f"{line}\n1").bundles) == 2, "the panel, and 1"
    assert len(kernel.execute(line).bundles) == 1
    assert kernel.execute(f"value = _\nprint(value.data[{column!r}].iloc[0])").stdout in ("1.0\n", "completed\n")
    assert len(kernel.execute("value").bundles) == 1


def test_what_is_carried_in_comes_back_changed(kernel: ServerKernel) -> None:
    kernel.execute("import numpy as np\ntable = np.arange(100_000)\ndef double(x):\n    return x * 2")
    cell = kernel.execute("%%submit --out table,total\ntable = double(table)\ntotal = int(table.sum())")
    assert "carried in: table 800 kB, double" in cell.stdout
    assert "comes back when job" in kernel.execute("total").text
    assert kernel.execute("_job.wait(60)\nprint(total, type(table).__name__, table[-1])").stdout == (
        "9999900000 ndarray 199998\n"
    )


def test_what_came_back_is_told_before_it_is_loaded(kernel: ServerKernel) -> None:
    kernel.execute("%%submit -n brought --out total,gone\ntotal = 5")
    said = next_update(kernel, of="brought ·")["data"]["text/plain"]
    assert "brought back:\n  total  int  5 B  5\n  'gone' does not come back" in said
    assert "total  int  5 B  5" in kernel.execute("_job.result()").text


def test_a_failed_job_says_why_and_gives_the_name_back(kernel: ServerKernel) -> None:
    kernel.execute("kept = 'before'")
    assert "ZeroDivisionError" in kernel.execute("%%submit --wait --out kept\nkept = 1 / 0", check=False).error
    cell = kernel.execute("print(kept)", check=False)
    assert "kept did not come back: job" in cell.error
    assert "ZeroDivisionError" in cell.error
    assert cell.error.count("\n") == 0, "one line"
    assert kernel.execute("print(kept)").stdout == "before\n"


def test_a_failure_is_told_with_the_lines_of_the_cell_and_its_variables(kernel: ServerKernel) -> None:
    source = (
        "%%submit -n failing --wait\ndef ratio(of):\n    whole = 0\n    return of / whole\n\nshare = 3\nratio(share)"
    )
    told = kernel.execute(source, check=False).error
    assert "ZeroDivisionError" in told
    result = kernel.execute("trackside.job('failing').result()", check=False).error
    assert "Cell In[%%submit], line 7" in result
    assert "line 4, in ratio" in result
    assert ".locals() shows the variables." in result
    shown = kernel.execute("trackside.job('failing').locals()").text
    assert "Cell In[%%submit], line 7\n    share = 3" in shown
    assert "Cell In[%%submit], line 4, in ratio\n    of    = 3\n    whole = 0" in shown
    kernel.execute("%%submit -n well --wait\n1")
    assert "it has not failed" in kernel.execute("trackside.job('well').locals()", check=False).error


def test_following_shows_each_line_when_it_is_printed(kernel: ServerKernel) -> None:
    source = "%%submit --follow\nimport time\nfor i in range(4):\n    print('line', i, flush=True)\n    time.sleep(0.3)"
    number = kernel._send("execute_request", {"code": source, "silent": False, "allow_stdin": False})
    came: dict[str, float] = {}
    for message in kernel._messages(number, 60):
        if message["msg_type"] == "stream":
            for line in message["content"]["text"].splitlines():
                came.setdefault(line, time.monotonic())
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    lines = [came[f"line {number}"] for number in range(4)]
    assert lines == sorted(lines)
    assert lines[3] - lines[0] > 0.6, "not all at the end"
    assert any("completed in" in line for line in came)


def test_an_interrupt_of_the_cell_leaves_the_job_alone(kernel: ServerKernel, server: LiveServer) -> None:
    source = (
        "%%submit -n endless --follow\nimport time\nwhile True:\n    print('working', flush=True)\n    time.sleep(0.1)"
    )
    number = kernel._send("execute_request", {"code": source, "silent": False, "allow_stdin": False})
    said = ""
    for message in kernel._messages(number, 60):
        if message["msg_type"] == "stream":
            if "working" in message["content"]["text"] and "working" not in said:
                server.client.post(server.url + f"api/kernels/{kernel.id}/interrupt", headers=kernel._headers)
            said += message["content"]["text"]
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    assert "goes on. %cancel" in said
    assert server.job("endless")["status"] == "running"
    assert "cancelling" in kernel.execute("%cancel endless").stdout
    assert server.ended("endless")["reason"]["code"] == "cancelled_by_user"


def test_a_cell_that_runs_here_is_a_tracked_run(kernel: ServerKernel, server: LiveServer) -> None:
    kernel.execute("params = {'lr': 0.5}")
    cell = kernel.execute(
        "%%track -n here --config params --tag t\nfor i in range(5):\n    trackside.log({'x': i}, step=i)\nhere = 7\n'shown'"
    )
    assert "'shown'" in cell.text
    (live,) = (bundle for bundle in cell.bundles if BUNDLE in bundle)
    settled = next(update for update in cell.updates if update[BUNDLE]["runs"] == live[BUNDLE]["runs"])
    assert live[BUNDLE]["runs"][0]["name"] == "here", "its curves stand in the cell while it runs"
    assert "image/png" not in live
    assert settled["image/png"], "and are a picture once it is over"
    assert kernel.execute("print(here)").stdout == "7\n"
    run = server.get("runs/here").json()
    assert (run["status"], run["config"], run["tags"]) == ("completed", {"lr": 0.5}, ["t"])
    (bundle,) = kernel.execute("%track").bundles
    assert bundle[BUNDLE]["runs"][0]["name"] == "here"
    assert bundle["image/png"]
    assert "x       4     0    4" in bundle["text/plain"]


def test_a_tracked_cell_that_raises_is_a_failed_run_and_its_own_error(kernel: ServerKernel, server: LiveServer) -> None:
    cell = kernel.execute("%%track -n broken\ntrackside.log({'x': 1})\nraise ValueError('mine')", check=False)
    assert "ValueError" in cell.error
    assert "trackside/magics" not in cell.error, "our frames help nobody"
    run = server.get("runs/broken").json()
    assert run["status"] == "failed"
    assert "mine" in run["reason"]["message"]


def test_a_panel_of_a_missing_front_end_is_text(kernel: ServerKernel) -> None:
    (bundle,) = kernel.execute("%track --run here --static").bundles
    assert set(bundle) == {"text/plain", "image/png"}


def test_a_job_is_awaited_while_the_kernel_does_other_things(kernel: ServerKernel) -> None:
    kernel.execute("%%submit --quiet\nimport time\ntime.sleep(0.5)")
    cell = kernel.execute(
        "import asyncio\nticks = 0\nasync def tick():\n    global ticks\n    while True:\n        ticks += 1\n"
        "        await asyncio.sleep(0.02)\ntask = asyncio.ensure_future(tick())\ndone = await _job\ntask.cancel()\n"
        "print(done.status, ticks > 5)"
    )
    assert cell.stdout == "completed True\n"


def test_a_function_comes_back_as_what_it_returns_or_raises(kernel: ServerKernel) -> None:
    kernel.execute(
        "scale = 3\n@trackside.on(cpus=1)\ndef work(x, fail=False):\n    if fail:\n        raise KeyError('why')\n    return x * scale"
    )
    assert kernel.execute("print(work(2), work.submit(2).result(timeout=60))").stdout == "6 6\n"
    assert kernel.execute("print([job.result(timeout=60) for job in work.map([1, 2, 3])])").stdout == "[3, 6, 9]\n"
    cell = kernel.execute("work.submit(1, fail=True).result(timeout=60)", check=False)
    assert "KeyError" in cell.error
    assert "why" in cell.error


def test_a_function_in_a_file_is_called(kernel: ServerKernel, tmp_path: Any) -> None:
    (tmp_path / "steps.py").write_text("from pathlib import Path\ndef name():\n    return Path(__file__).name\n")
    made = kernel.execute(f"print(trackside.invoke({str(tmp_path / 'steps.py')!r}, 'name').result(timeout=60))")
    assert made.stdout == "steps.py\n"


def test_bad_input_leaves_no_job_and_no_file(kernel: ServerKernel, server: LiveServer) -> None:
    before = server.get("jobs").json()["counts"]
    for source, said in (
        ("%%submit --gpu 2\n1", "Did you mean --gpus?"),
        ("%%submit -g 99\n1", "99 GPUs"),
        ("%%submit\nfor x in", "cannot be parsed"),
        ("import threading\nlock = threading.Lock()", ""),
        ("%%submit\nlock", "'lock' cannot travel"),
        ("%submit no-such.py", "There is no file"),
    ):
        error = kernel.execute(source, check=False).error
        assert said in error
        assert "Traceback" not in error
    assert server.get("jobs").json()["counts"] == before
    assert list((server.place.home / "staging").glob("*")) == []


def test_many_submissions_in_a_loop_all_arrive(kernel: ServerKernel, server: LiveServer) -> None:
    cell = kernel.execute(
        "ids = []\nfor number in range(10):\n    get_ipython().run_cell_magic('submit', '--quiet', f'{number}')\n"
        "    ids.append(_job.id)\nprint(len(set(ids)), len(trackside.wait(ids, 60).done))"
    )
    assert cell.stdout == "10 10\n"
