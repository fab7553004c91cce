"""Homes with a long past: thousands of jobs and runs, written straight into the store, of which no folder is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from trackside.models import JobSpec, MetricFacts, Reason
from trackside.tracking.home import ensure_home
from trackside_server.domain.record import JobRecord, RunRow, job_id
from trackside_server.engine.folder import lay_out
from trackside_server.engine.index import row_of_job
from trackside_server.store import Store

__all__ = ["fill_jobs", "fill_runs"]

_JOBS, _ENDED = 10_000, 8_000
_AT_ONCE = 5_000


def fill_jobs(home: Path) -> None:
    """Write 10,000 jobs: 8,000 have ended, the first of the others will run on a server of one CPU, the rest wait."""
    home_id = ensure_home(home)
    store = Store.open(home / "trackside.db", home_id=home_id)
    begin = datetime.now(UTC) - timedelta(days=1)

    def insert(tx: Any) -> None:
        for seq in range(1, _JOBS + 1):
            record = _job(home, seq, begin)
            tx.insert_job(record, reserved=True)
            tx.insert_runs([row_of_job(record)])
        tx.raise_job_ids(_JOBS)

    store.write_now(insert)
    store.close()
    lay_out(_job(home, _ENDED + 1, begin), home, home_id)


def _job(home: Path, seq: int, begin: datetime) -> JobRecord:
    ended = seq <= _ENDED
    command = ["sleep", "600"] if seq == _ENDED + 1 else ["python", "train.py", "--seed", str(seq)]
    return JobRecord(
        seq=seq,
        uuid=f"{seq:032x}",
        name=f"experiment-{seq % 100}",
        status=("failed" if seq % 10 == 0 else "completed") if ended else "pending",
        reason=Reason("exit_code", "ended with exit code 1") if ended and seq % 10 == 0 else None,
        created_at=begin + timedelta(seconds=seq),
        started_at=begin + timedelta(seconds=seq + 1) if ended else None,
        finished_at=begin + timedelta(seconds=seq + 2) if ended else None,
        tags=("a", f"t{seq % 7}"),
        run_dir=str(home / "runs" / job_id(seq)),
        spec=JobSpec(command=command, workdir="/tmp", grace=0, environment=[f"V{n}" for n in range(40)]),
    )


def fill_runs(home: Path, count: int) -> None:
    """Write this many ended runs, one a second up to now, with tags, nested settings and the facts of four metrics."""
    store = Store.open(home / "trackside.db", home_id=ensure_home(home))
    now = datetime.now(UTC)
    for first in range(0, count, _AT_ONCE):
        last = min(first + _AT_ONCE, count)
        some = [_run(number, now - timedelta(seconds=count - number)) for number in range(first, last)]
        store.write_now(lambda tx, some=some: tx.insert_runs(some), durable=False)
    store.close()


def _run(number: int, began: datetime) -> RunRow:
    random = Random(number)
    architecture = random.choice(("resnet", "vit", "unet"))
    tags = [tag for tag, every in (("baseline", 2), ("paper", 5_000)) if number % every == 0]
    low = random.random() / 2
    return RunRow(
        id=f"local-{number:06}",
        uuid=f"{number:032x}",
        name=f"{architecture}-{number % 1000}",
        status="failed" if number % 50 == 1 else "completed",
        run_dir=f"/home/someone/.local/share/jupyter/trackside/runs/local-{number:06}",
        tags=tuple(tags),
        created_at=began,
        started_at=began,
        finished_at=began + timedelta(seconds=30),
        duration_seconds=30.0,
        config={
            "lr": 10 ** random.uniform(-5, 0),
            "batch_size": random.choice((32, 64, 128)),
            "model": architecture,
            "opt": {"name": "adamw", "beta1": 0.9, "weight_decay": random.random()},
            "seed": number,
            "even": number % 2,
        },
        summary={"best": low, "epochs": 90},
        metrics={key: MetricFacts(1000, low + 0.1, low, 2.5) for key in ("loss", "val/loss", "acc", "lr")},
    )
