"""Other trackers beside ours and the floor, taken in turns in one run: each in an environment of its own, offline.

Their environments are made once, below ``.pytest_cache``. A package that does not install says so in its row.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.rows import Row, quantile
from tests.environments import environment_with

ROUNDS = 12
KEPT = 5000
_PEER = Path(__file__).parent / "peer.py"


@dataclass
class Tracker:
    """One row: what to install (nothing for this environment), how many calls a round, and what came of it."""

    name: str
    requirement: str = ""
    calls: int = 200
    fill: int = KEPT
    starts: int = 3
    python: str = sys.executable
    trouble: str = ""
    times: list[int] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    kept: int = 0
    size: float = 0.0


def trackers() -> list[Tracker]:
    """Return all rows; the slow ones log less often, so that the whole takes minutes."""
    return [
        Tracker("floor"),
        Tracker("trackside"),
        Tracker("trackside, capturing", fill=0),
        Tracker("whirr", "whirr==0.5.3"),
        Tracker("trackio", "trackio==0.43.0"),
        Tracker("wandb, offline", "wandb==0.31.0"),
        Tracker("tensorboardX", "tensorboardX==2.6.5"),
        Tracker("aim", "aim==3.29.1", calls=40, starts=1),
        Tracker("mlflow, files", "mlflow==3.17.2", calls=20, fill=2000, starts=1),
        Tracker("mlflow, sqlite", "mlflow==3.17.2", calls=4, fill=100, starts=1),
    ]


def rows() -> Iterator[Row | str]:
    """The table, then what only this run holds against a bar: ``bench_log`` has the rest, each beside its floor."""
    found = trackers()
    for tracker in found:
        _install(tracker)
    with tempfile.TemporaryDirectory() as root:
        for tracker in found:
            with _attempt(tracker):
                _kill(tracker, Path(root) / "killed" / tracker.name)
        _race([tracker for tracker in found if not tracker.trouble], Path(root) / "race")
    yield from _table(found)
    floor, ours = found[:2]
    yield Row("records kept of 5,000 after kill -9", ours.kept, "", KEPT + 1, at_least=True)
    yield Row("bytes on disk per record", ours.size, "B", 1.5, floor.size, "floor")


def _install(tracker: Tracker) -> None:
    if tracker.requirement:
        try:
            tracker.python = str(environment_with(tracker.requirement))
        except (subprocess.CalledProcessError, OSError) as error:
            tracker.trouble = f"does not install here ({type(error).__name__})"


@contextlib.contextmanager
def _attempt(tracker: Tracker) -> Iterator[None]:
    """What a peer cannot do is said in its row; ours may not fail."""
    try:
        yield
    except Exception as error:
        if not tracker.requirement:
            raise
        tracker.trouble = f"does not run here: {str(error)[-200:]}"


class Child:
    """One process of ``peer.py``."""

    def __init__(self, tracker: Tracker, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.process = subprocess.Popen(
            [tracker.python, _PEER, tracker.name, folder],
            env=_environment(),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.read()

    def ask(self, question: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with exit code {self.process.wait(60)}")
        return json.loads(line)

    def end(self) -> None:
        self.ask("end")
        self.process.communicate(timeout=120)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKSIDE", "WANDB", "MLFLOW"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
    return kept | {"HF_HUB_OFFLINE": "1", "GIT_PYTHON_REFRESH": "quiet"}


def _kill(tracker: Tracker, folder: Path) -> None:
    """Log 5,000 times, kill the process by its id, and count; then do it once more and finish, for the size."""
    if not tracker.fill:
        return
    child = Child(tracker, folder)
    child.ask("init")
    child.ask(f"fill {tracker.fill}")
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.communicate()
    answer = subprocess.run(
        [tracker.python, _PEER, tracker.name, folder, "count"],
        env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=120,
    )  # fmt: skip
    tracker.kept = int(answer.stdout)
    finished = folder.with_name(f"{folder.name}, finished")
    child = Child(tracker, finished)
    child.ask("init")
    child.ask(f"fill {tracker.fill}")
    child.end()
    total = sum(path.stat().st_size for path in finished.rglob("*") if path.is_file())
    tracker.size = total / (tracker.fill + 1)


def _race(found: list[Tracker], folder: Path) -> None:
    """Have all of them log in turns, so that a noisy moment meets all; those that begin fast begin three times."""
    everyone = found
    for again in range(3):
        found = [tracker for tracker in everyone if again < tracker.starts]
        children = {}
        for tracker in found:
            with _attempt(tracker):
                children[tracker.name] = Child(tracker, folder / f"{tracker.name} {again}")
        for tracker in found:
            with _attempt(tracker):
                tracker.begun.append(children[tracker.name].ask("init"))
        for _ in range(ROUNDS // 3):
            for tracker in found:
                if tracker.name in children and not tracker.trouble:
                    with _attempt(tracker):
                        tracker.times += children[tracker.name].ask(f"log {tracker.calls}")
        for tracker in found:
            with _attempt(tracker):
                children[tracker.name].end()


def _p50(tracker: Tracker) -> float:
    return quantile(tracker.times, 0.5) / 1000


def _table(found: list[Tracker]) -> Iterator[str]:
    floor = found[0]
    yield f"{'':<22} {'log(), p50':>12} {'× floor':>9} {'init, ms':>10} {'kept after kill -9':>20} {'bytes/record':>13}"
    for tracker in found:
        name = tracker.name if not tracker.requirement else f"{tracker.name} {tracker.requirement.partition('==')[2]}"
        if tracker.trouble:
            yield f"{name:<22} {tracker.trouble}"
            continue
        p50, begun = _p50(tracker), 1e3 * quantile(tracker.begun, 0.5)
        kept = f"{min(tracker.kept, tracker.fill):,} of {tracker.fill:,}" if tracker.fill and tracker.kept >= 0 else ""
        size = f"{tracker.size:.0f}" if tracker.fill else ""
        yield f"{name:<22} {p50:>9.1f} µs {p50 / _p50(floor):>9.1f} {begun:>10.1f} {kept:>20} {size:>13}"
