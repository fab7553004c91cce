"""Rows: many jobs, and jobs that fork wildly."""

from __future__ import annotations

from tests.faults.row import Row
from tests.serving import until

_FORKS_WILDLY = """
i=0
while [ $i -lt 5 ]; do
  setsid sh -c 'trap "" TERM; sleep 600' &
  (sh -c 'sleep 600 & sleep 600 &' &)
  i=$((i+1))
done
exit 0
"""
_JOBS = 200


def test_two_hundred_jobs_that_fork_wildly(row: Row) -> None:
    """200 jobs that fork wildly, half of them in sessions of their own and deaf to SIGTERM, ended cleanly"""
    server = row.server("--TracksideApp.cpus=8")
    jobs = [
        {"command": row.shell(_FORKS_WILDLY), "workdir": "/tmp", "grace": 0, "name": f"wild-{n}"} for n in range(_JOBS)
    ]
    made = server.post("jobs", json=jobs)
    assert made.status_code == 201, made.text
    row.acknowledged.update({job["id"]: job for job in made.json()})
    row.before()
    until(lambda: _unfinished(row) == 0, f"the end of {_JOBS} jobs; {_unfinished(row)} are left", 100, pause=0.2)
    row.after()
    counts = server.get("jobs?limit=1").json()["counts"]
    assert counts["completed"] == _JOBS, counts
    left = [command for command in row._left() if "sleep 600" in command]
    assert not left, f"{len(left)} processes are left of the jobs: {left[:5]}"


def _unfinished(row: Row) -> int:
    counts = row.servers[-1].get("jobs?limit=1").json()["counts"]
    return sum(counts.get(status, 0) for status in ("scheduled", "pending", "running"))
