"""The store is small: it loads what it needs, when it needs it."""

import json
import subprocess
import sys

PROGRAM = """
import json, sqlite3, sys
import jupyter_server.serverapp, msgspec
from pathlib import Path

def memory():
    with open("/proc/self/smaps_rollup") as rollup:
        return next(int(line.split()[1]) / 1024 for line in rollup if line.startswith("Pss:"))

before = memory()
from trackside_server.store import Store
Store.open(Path(sys.argv[1]), home_id="h").close()
store = Store.open(Path(sys.argv[1]), home_id="h")
store.write_now(lambda tx: tx.reserve_job_ids())
with store.read() as reader:
    reader.jobs_page(), reader.active_jobs(), reader.runs_page(), reader.events_since(0)
heavy = [name for name in ("alembic", "sqlalchemy.orm", "cryptography") if name in sys.modules]
print(json.dumps([memory() - before, heavy]))
"""


def test_a_store_in_use_adds_less_than_20_mb_to_a_server_and_loads_nothing_that_waits(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "trackside.db"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    megabytes, heavy = json.loads(done.stdout)
    print(f"store: {megabytes:.1f} MB")
    assert heavy == []
    assert megabytes < 20
