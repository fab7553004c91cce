"""Another user of the machine who takes a GPU, as that user's runner would."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["OtherUser"]

_NOBODY = 65534
_TAKE = """
import os, pwd, sys
from trackside_server.isolation import gpu_locks
user = int(sys.argv[3])
if user:  # only now: what root has installed need not be readable by everybody
    os.setgroups([]), os.setgid(user), os.setuid(user)
about, me = {"job": "job-7", "home": "another"}, {"pid": os.getpid(), "start_time": 1}
taken = gpu_locks.take([sys.argv[1]], about, me, share=float(sys.argv[2]), lasts=7200)
print(taken if isinstance(taken, gpu_locks.Held) else "taken", flush=True)
sys.stdin.readline()
"""


class OtherUser:
    """A process that tries to take a GPU, or a share of it, and keeps it until it is ended; ``said`` is what came of it.

    Where the tests are not root there is no other user to be had, and it is another process of the same one.
    """

    name = "nobody" if os.geteuid() == 0 else ""

    def __init__(self, uuid: str, share: float = 1.0, locks: str | None = None) -> None:
        user = _NOBODY if os.geteuid() == 0 else 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, uuid, str(share), str(user)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ({"TRACKSIDE_LOCKS": locks} if locks else {}),
        )
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline().strip()
        self.pid = self._process.pid

    def end(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()
        self._process.communicate()
