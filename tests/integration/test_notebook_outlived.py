"""A job submitted in a notebook outlives the kernel: any later kernel takes it up again."""

from __future__ import annotations

from tests.kernels import ServerKernel
from tests.serving import LiveServer

_CELL = """%%submit --name survivor --out total,words
import time
total = 0
for step in range(12):
    total += step
    trackside.log({"total": total}, step=step)
    print("step", step)
    time.sleep(0.25)
words = ["kept"] * 3
"""


def test_a_new_kernel_follows_the_job_of_a_killed_one_and_loads_its_values(server: LiveServer) -> None:
    """Check 1."""
    first = ServerKernel(server)
    first.execute("%load_ext trackside\nimport trackside")
    first.execute(_CELL)
    server.running("survivor")
    first.kill()

    second = ServerKernel(server)
    second.execute("import trackside\njob = trackside.job('survivor')")
    assert "running" in second.execute("print(repr(job))").stdout
    assert second.execute("print(job.wait(60).status, job.exit_code)").stdout.split() == ["completed", "0"]
    assert second.execute("print(job.result('total'), job.result('words'))").stdout == "66 ['kept', 'kept', 'kept']\n"
    assert second.execute("print(len(job.metrics()), job.metrics()['total'].max())").stdout.split() == ["12", "66"]
    assert second.execute("print(job.logs())").stdout.count("step") == 12
    second.close()
