"""Doctor: what is found here, what is enforced, what is wrong and how to mend it. Looks, and changes nothing."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from trackside.models.housekeeping import Diagnosis, Finding
from trackside_server.domain.record import JobRecord, job_seq
from trackside_server.engine.core import Core
from trackside_server.engine.surroundings import home_findings, orphans, template_finding
from trackside_server.isolation.gpu_locks import locks_dir
from trackside_server.isolation.lifetime import in_container
from trackside_server.isolation.limits import EngineFacts, engines

__all__ = ["diagnose"]

_LIMITS = ("memory", "cpus", "cores", "max_iops", "max_processes", "max_output", "time")


async def diagnose(core: Core) -> Diagnosis:
    """Return everything that a look around this server and its home finds."""
    findings = [_versions(), _scheduler(core)]
    findings += await asyncio.to_thread(lambda: list(home_findings(core.home)))
    findings += await _orphans(core)
    findings.append(await asyncio.to_thread(template_finding, core.home))
    findings += await _gpus(core)
    findings += _limits(await asyncio.to_thread(engines))
    findings += [Finding("note", "lifetime", warning) for warning in core.warnings]
    findings += _unlimited([record for record in core.board.records() if record.spec.gpus.count])
    return Diagnosis(findings)


def _versions() -> Finding:
    parts = [f"Python {platform.python_version()} ({sys.executable})"]
    for package in ("jupyter_server", "jupyterlab", "ipykernel"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return Finding("ok", "versions", f"Trackside {version('trackside')} · {' · '.join(parts)}")


def _scheduler(core: Core) -> Finding:
    if core.schedules:
        return Finding("ok", "scheduler", "this server starts the jobs of its home")
    if core.scheduler_pid is None:
        return Finding("problem", "scheduler", "no server starts the jobs of this home", "Restart this server.")
    where = f" on {core.scheduler_host}" if core.scheduler_host else ""
    return Finding("ok", "scheduler", f"process {core.scheduler_pid}{where} starts the jobs of this home")


async def _orphans(core: Core) -> list[Finding]:
    found = await asyncio.to_thread(orphans, core.home / "runs")
    jobs = [name for name in found if job_seq(name) is not None]
    known = await core.query(lambda reader: {name for name in jobs if reader.job(name) is not None})
    lost = sorted(set(jobs) - known)
    if not lost:
        return []
    named = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
    fix = f"Run `trackside reindex` to take them in again, or remove them from {core.home / 'runs'}."
    return [Finding("note", "leftovers", f"run folders that no job belongs to: {named}", fix)]


async def _gpus(core: Core) -> list[Finding]:
    report = await core.machine.gpus(core.board)
    if not report.gpus:
        return [Finding("note", "GPUs", report.message or "none")]
    kinds = Counter(gpu.name for gpu in report.gpus if not gpu.error)
    named = ", ".join(f"{number} × {name}" for name, number in sorted(kinds.items())) or "none that can be handed out"
    findings = [Finding("ok", "GPUs", f"{named} · {core.machine.gpu_versions}")]
    if report.message:
        findings.append(Finding("problem", "GPUs", report.message, "Ask the machine's administrator; nvidia-smi -q."))
    findings.append(await asyncio.to_thread(_locks))
    findings += [Finding("note", "kernels", sentence) for sentence in await core.machine.idle_kernels(core.board)]
    return findings


def _locks() -> Finding:
    """Who takes part: only those who share the folder never get the same GPU twice."""
    try:
        folder = locks_dir()
        mode = folder.stat().st_mode
    except OSError as error:
        fix = "Set TRACKSIDE_LOCKS to a folder that everybody may write to (mode 1777)."
        return Finding("problem", "locks", f"the folder of the GPU locks cannot be used: {error}", fix)
    if in_container() and not folder.is_mount() and not folder.parent.is_mount():
        fix = f"Mount the host's {folder} into every container that has GPUs."
        return Finding("note", "locks", f"{folder} is this container's own: others may be given the same GPU", fix)
    if not mode & 0o002:
        fix = f"chmod 1777 {folder}, if other users take GPUs here too."
        return Finding("note", "locks", f"{folder} is shared with nobody else", fix)
    return Finding("ok", "locks", f"{folder}, shared by all users of this machine")


def _limits(known: list[EngineFacts]) -> Iterator[Finding]:
    """For each limit what holds it; for each engine that does not work why."""
    held: dict[str, list[str]] = {}
    for limit in _LIMITS:
        by = next((facts.name for facts in known if facts.available and limit in facts.limits), "")
        held.setdefault(by, []).append(limit)
    missing = held.pop("", [])
    for by, limits in held.items():
        yield Finding("ok", "limits", f"{by} holds {', '.join(limits)}")
    for facts in known:
        if facts.why and (not facts.available or set(missing) - set(facts.limits)) and facts.name not in held:
            yield Finding("note", "limits", f"{facts.name}: {facts.why}")
    if missing:
        yield Finding(
            "note", "limits", f"nothing here holds {', '.join(missing)}", "Jobs say so where they ask for it."
        )


def _unlimited(holders: list[JobRecord]) -> Iterator[Finding]:
    named = [record.id for record in holders if record.spec.time is None]
    if named:
        said = ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
        fix = "Submit the next one with --time 8h; cancel one that is not needed."
        yield Finding("note", "jobs", f"{said}: no time limit, each holds its GPUs until it ends by itself", fix)
