"""Tries one engine of limits with a tiny process: ``python -I -S trial.py <engine>``; prints what held as JSON."""

import json
import os
import sys
from collections.abc import Callable


def main() -> None:
    """Make a group with every limit, put a process in, look, and take it away."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from trackside_server.isolation.bases import find_base, move_aside
    from trackside_server.isolation.groups import Asked, make_group

    if os.environ.get("TRACKSIDE_IN_SCOPE"):
        move_aside()
    base = find_base(sys.argv[1])
    if isinstance(base, str):
        print(json.dumps({"why": base}))  # noqa: T201
        return
    asked = Asked(64 * 2**20, 2.0, [min(os.sched_getaffinity(0))], 1000, 64)
    name = f"trackside-trial-{os.getpid()}"
    group, held = make_group(base, name, asked)
    try:
        entered = bool(held) and _enters(group.enter, name)
    finally:
        group.remove()
    told = {"held": held, "why": ""} if entered else {"held": [], "why": "No process could be put into a group."}
    print(json.dumps(told))  # noqa: T201


def _enters(enter: Callable[[], None], name: str) -> bool:
    """Whether a process that enters is where it should be afterwards."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            enter()
            with open("/proc/self/cgroup", encoding="ascii", errors="replace") as file:
                status = 0 if name in file.read() else 1
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    main()
