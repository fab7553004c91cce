"""Two servers of one home: one schedules, both work, and the second takes over."""

from __future__ import annotations

from tests.serving import LiveServer, Place, until

_COUNTING = "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.5; done; exit 5"


def test_the_second_server_of_a_home_serves_and_takes_over(place: Place) -> None:
    first = LiveServer(place).start()
    second = LiveServer(place).start()
    assert (first.get("health").json()["schedules"], second.get("health").json()["schedules"]) == (True, False)
    by_second = second.submit(command=["sh", "-c", "echo by second"])
    assert first.ended(by_second["id"])["status"] == "completed"
    assert second.ended(by_second["id"])["status"] == "completed"

    long = first.submit(command=_COUNTING)
    first.running(long["id"])
    first.kill()
    until(lambda: second.get("health").json()["schedules"], "the second server to schedule", 10)
    assert second.ended(long["id"])["exit_code"] == 5
    assert second.ended(second.submit(command=["/bin/true"])["id"])["status"] == "completed"
    second.stop()


def test_cancel_at_a_server_that_does_not_schedule_reaches_the_one_that_does(place: Place) -> None:
    first, second = LiveServer(place).start(), LiveServer(place).start()
    job = first.submit(command=["sleep", "600"], grace=0)
    second.running(job["id"])
    assert second.post(f"jobs/{job['id']}/cancel").status_code == 202
    assert first.ended(job["id"])["status"] == "cancelled"
    first.stop()
    second.stop()
