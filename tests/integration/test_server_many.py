"""Many clients at once, and some that do not read: nobody is slowed by them, and the server does not grow."""

from __future__ import annotations

import asyncio
import sys
import time

import psutil

from tests.followers import follow, follow_together, stuck
from tests.serving import LiveServer

_LINES = "import sys, time\nfor n in range({lines}):\n    print('line', n, flush=True)\n    time.sleep({pause})"
_MANY = 500


def test_five_hundred_clients_follow_one_log_and_get_every_line_once(live: LiveServer) -> None:
    lines = 400
    job = live.submit(command=[sys.executable, "-c", _LINES.format(lines=lines, pause=0.01)])["id"]
    live.running(job)
    found = asyncio.run(follow_together(live.url, live.token, job, _MANY))
    whole = "".join(f"line {n}\n" for n in range(lines))
    assert sum(each.text == whole for each in found) == _MANY
    assert all(each.done for each in found)
    assert len(found[0].pieces) > 5  # they came as they were written, not at the end


def test_clients_that_do_not_read_slow_nobody_and_the_server_does_not_grow(live: LiveServer) -> None:
    megabytes = 60
    code = f"import sys\nfor n in range({megabytes}): sys.stdout.write(('x' * 1023 + '\\n') * 1024)\nprint('over')"
    job = live.submit(command=[sys.executable, "-c", code])["id"]
    live.ended(job)
    process = psutil.Process(live.pid)
    before = process.memory_info().rss

    async def together() -> tuple[float, int]:
        writers = [await stuck(live.url, live.token, job) for _ in range(5)]
        await asyncio.sleep(1)
        began = time.monotonic()
        seen = await follow(live.url, live.token, job)
        took = time.monotonic() - began
        assert seen.text.endswith("over\n")
        assert len(seen.text) == megabytes * 1024 * 1024 + len("over\n")
        grown = process.memory_info().rss - before
        for writer in writers:
            writer.close()
        return took, grown

    took, grown = asyncio.run(together())
    assert took < 60
    assert grown < 40 << 20, f"{grown / 1e6:.0f} MB for five clients that read nothing of {megabytes} MB"
    assert live.get("health").status_code == 200
