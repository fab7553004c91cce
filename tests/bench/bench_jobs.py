"""The way of a job: submitted, started, printing, ended; and many of them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.rows import Row, quantile
from tests.serving import LiveServer, Place, stop_templates, until
from trackside.client import Client

_STAMP = "import time; open({path!r}, 'a').write(repr(time.time()) + chr(10))"
_IPYTHON = "from IPython.core.interactiveshell import InteractiveShell; InteractiveShell.instance(); "


def rows() -> Iterator[Row]:
    """One server, one client on one connection, as a kernel has them."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Place(Path(folder) / "place"), options=("--TracksideApp.cpus=2",)).start()
        client = Client(server.url, server.token)
        try:
            client.jobs.submit({"command": ["/bin/true"], "workdir": "/tmp"})
            yield from _submit(client)
            yield from _first_line(client, Path(folder))
            yield from _end_known(client)
            yield from _line_seen(client)
            yield from _throughput(client)
        finally:
            client.close()
            server.stop()
            stop_templates(server.place.home)


def _submit(client: Client) -> Iterator[Row]:
    taken, empty = [], []
    for _ in range(100):
        empty.append(_timed(client.info))
        taken.append(_timed(lambda: client.jobs.submit({"command": ["/bin/true"], "workdir": "/tmp"})))
    _drain(client)
    yield Row("submit (durable), p50", quantile(taken, 0.5) * 1e3, "ms", 15)
    yield Row("submit (durable), p99", quantile(taken, 0.99) * 1e3, "ms", 60)
    yield Row("  for comparison: an empty request of the same client, p50", quantile(empty, 0.5) * 1e3, "ms", 15)


def _first_line(client: Client, folder: Path) -> Iterator[Row]:
    stamp = folder / "stamp"
    code = _STAMP.format(path=str(stamp))

    def floor(source: str) -> float:
        began = time.time()
        subprocess.Popen([sys.executable, "-c", source]).wait()
        return _last(stamp) - began

    def ours(fields: dict[str, object]) -> float:
        began = time.time()
        job = client.jobs.submit({"workdir": "/tmp", **fields})
        client.jobs.wait(job.id, timeout=60)
        return _last(stamp) - began

    plain, command, shell, cell = [], [], [], []
    for _ in range(25):
        plain.append(floor(code))
        command.append(ours({"command": [sys.executable, "-c", code]}))
    for _ in range(10):
        shell.append(floor(_IPYTHON + code))
        cell.append(ours({"cell": code, "python": sys.executable}))
    base, base_shell = quantile(plain, 0.5) * 1e3, quantile(shell, 0.5) * 1e3
    yield Row("submit → first line of a command, p50", quantile(command, 0.5) * 1e3, "ms", 1.5, base, "F_py")
    yield Row("submit → first line of a cell, p50", quantile(cell, 0.5) * 1e3, "ms", 1.3, base_shell, "F_ipy")


def _end_known(client: Client) -> Iterator[Row]:
    late = []
    with tempfile.TemporaryDirectory() as folder:
        stamp = Path(folder) / "stamp"
        for _ in range(20):
            code = f"import time; time.sleep(0.3); {_STAMP.format(path=str(stamp))}"
            job = client.jobs.submit({"command": [sys.executable, "-S", "-c", code], "workdir": "/tmp"})
            client.jobs.wait(job.id, timeout=60)
            late.append(time.time() - _last(stamp))
    yield Row("job end → a waiting client knows, p50", quantile(late, 0.5) * 1e3, "ms", 50)


def _line_seen(client: Client) -> Iterator[Row]:
    code = "import time\nfor _ in range(150):\n    print(repr(time.time()), flush=True); time.sleep(0.02)"
    job = client.jobs.submit({"command": [sys.executable, "-c", code], "workdir": "/tmp"})
    late = []
    for text in client.jobs.logs(job.id, follow=True):
        now = time.time()
        late += [now - float(line) for line in str(text).split() if line]
    yield Row("a printed line → a following client, p99", quantile(late, 0.99) * 1e3, "ms", 100)


def _throughput(client: Client) -> Iterator[Row]:
    peer = _task_spooler()
    began = time.monotonic()
    for _ in range(200):
        client.jobs.submit({"command": ["/bin/true"], "workdir": "/tmp"})
    _drain(client)
    rate = 200 / (time.monotonic() - began)
    yield Row(f"200 × /bin/true, two slots (task-spooler: {peer:.0f}/s)", rate, "jobs/s", 60, at_least=True)
    began = time.monotonic()
    client.jobs.submit_many([{"command": ["/bin/true"], "workdir": "/tmp"}] * 200)
    _drain(client)
    rate = 200 / (time.monotonic() - began)
    yield Row("  the same, submitted as one list", rate, "jobs/s", 60, at_least=True)


def _task_spooler() -> float:
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TS_SOCKET": f"{folder}/socket", "TMPDIR": folder, "PATH": "/usr/bin:/bin"}

        def tsp(*arguments: str) -> str:
            return subprocess.run(
                ["tsp", *arguments], env=environment, check=True, capture_output=True, text=True
            ).stdout

        tsp("-S", "2")
        began = time.monotonic()
        for _ in range(200):
            last = tsp("/bin/true")
        tsp("-w", last.strip())
        until(lambda: "running" not in tsp() and "queued" not in tsp(), "task-spooler's end", pause=0.005)
        rate = 200 / (time.monotonic() - began)
        tsp("-K")
    return rate


def _drain(client: Client) -> None:
    def unfinished() -> int:
        counts = client.jobs.list(limit=1).counts
        return counts["pending"] + counts["running"]

    until(lambda: not unfinished(), "an empty queue", 120, pause=0.005)


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _last(stamp: Path) -> float:
    return float(stamp.read_text().split()[-1])
