"""A complaint that cannot be written costs nothing: a runner that raised it would leave its job."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import os, sys, traceback
from trackside_server.runner.complaints import complain_safely
complain_safely()
print("before", file=sys.stderr)
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
print("in vain", file=sys.stderr)
try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc()
sys.stderr.flush()
os.write(1, b"went on")
os._exit(0)
"""


def test_a_full_disk_does_not_raise_what_is_complained_about_it() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on", "before\n")
