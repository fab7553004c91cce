"""Decides for one attempt what holds each of its limits, best first, and says so in its record."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import NamedTuple

from trackside_server.isolation.bases import find_base
from trackside_server.isolation.groups import NO_GROUP, Asked, Group, make_group
from trackside_server.runner.order import Order

__all__ = ["NOTHING", "Confinement", "confine", "runs_on"]


class Confinement(NamedTuple):
    """What holds an attempt: its group, the ``cores`` that its process is bound to beside that, its limits as reported.

    ``held`` names the limits that the group holds; the others are watched, where something can watch them.
    """

    group: Group
    held: list[str]
    cores: Sequence[int]
    limits: list[dict[str, object]]


NOTHING = Confinement(NO_GROUP, [], (), [])


def confine(order: Order, *, engine: str | None = None) -> Confinement:
    """Make what holds the limits of this order; costs nothing when it asks for none of them."""
    asked = Asked(order.memory, order.cpus, order.cores, order.max_iops, order.max_processes)
    names = asked.names()
    if not names:
        return NOTHING._replace(limits=order.limits)
    base = find_base(engine or order.limits_engine)
    group, held = (NO_GROUP, []) if isinstance(base, str) else make_group(base, order.group, asked)
    cores = order.cores if "cores" in names and "cores" not in held and runs_on(order.cores) else ()
    by = dict.fromkeys(held, group.engine)
    if cores:
        by["cores"] = "affinity"
    for watched in ("memory", "max_processes"):
        by.setdefault(watched, "watchdog" if os.path.isdir("/proc/self") else "")
    return Confinement(group, held, cores, [_told(limit, names, by) for limit in order.limits])


def runs_on(cores: Collection[int]) -> bool:
    """Whether a process can be bound to these cores; tried with this one."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, cores)
        return os.sched_getaffinity(0) == set(cores)
    except OSError:
        return False
    finally:
        os.sched_setaffinity(0, before)


def _told(limit: dict[str, object], asked: Collection[str], by: dict[str, str]) -> dict[str, object]:
    name = str(limit["name"])
    if name not in asked:
        return limit
    return {**limit, "enforced": bool(by.get(name)), "by": by.get(name, "")}
