"""Run a command, a script or a notebook as a job.

``trackside submit [options] -- COMMAND ARGS…``, ``trackside submit [options] FILE.py|FILE.ipynb [-- ARGS…]``, or
``trackside submit [options] JOB.yaml``, where options come before what the file says.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from trackside.cli import following
from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput

__all__ = ["add_arguments", "fields", "run", "submissions"]

_PLAIN = (
    "name", "gpus", "gpu_memory", "cpus", "cores", "memory", "time", "max_iops", "max_output", "max_processes",
    "max_cost_per_hour", "group", "max_parallel", "priority", "grace", "at", "retries",
)  # fmt: skip
_SWITCHES = ("requeue", "share_gpu", "notify")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what submit takes."""
    parser.usage = "trackside submit [options] [FILE.py|FILE.ipynb|JOB.yaml] [-- COMMAND | ARGS …]"
    parser.add_argument(
        "file", nargs="?", help="a Python file or a notebook, of which a copy is taken now; or jobs in YAML or JSON"
    )
    parser.add_argument("-n", "--name", help="name, for use instead of the id")
    parser.add_argument("-g", "--gpus", metavar="N|TYPE:N", help="GPUs: 2, 0.5, a100, a100:2")
    parser.add_argument("--gpu-memory", metavar="SIZE", help="GPU memory, such as 16G")
    parser.add_argument("--share-gpu", action="store_true", help="start also on a GPU that notebooks' kernels use")
    parser.add_argument("-c", "--cpus", metavar="N", help="CPUs; may be a fraction")
    parser.add_argument("--cores", metavar="CORES", help="cores that it is pinned to, such as 0-3")
    parser.add_argument("-m", "--memory", metavar="SIZE", help="memory, such as 8G")
    parser.add_argument("-t", "--time", metavar="TIME", help="time that it may take, such as 2h30m")
    parser.add_argument("--max-iops", metavar="N", help="reads and writes of each disk per second at most")
    parser.add_argument("--max-output", metavar="SIZE", help="size of the log at most (default 1G)")
    parser.add_argument("--max-processes", metavar="N", help="processes and threads at most")
    parser.add_argument("--max-cost-per-hour", metavar="N", help="refuse it if an hour costs more by the site's prices")
    parser.add_argument("--group", metavar="NAME", help="jobs that --max-parallel counts together")
    parser.add_argument("--max-parallel", metavar="N", help="jobs of its sweep or group that run at once at most")
    parser.add_argument("--at", metavar="TIME", help="earliest start: 18:30, 'tomorrow 06:00', +2h")
    parser.add_argument(
        "--after", action="append", default=[], metavar="JOB[:ok|any|failed]", help="wait for this job's end"
    )
    parser.add_argument("--retries", metavar="N", help="start it again by itself after a failure, so many times")
    parser.add_argument("--requeue", action="store_true", help="start it again when the machine was restarted")
    parser.add_argument("--notify", action="store_true", help="tell of its end by the server's command or webhook")
    parser.add_argument("--grace", metavar="TIME", help="time between being asked to stop and being killed")
    parser.add_argument("--priority", metavar="N", help="higher goes first")
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="tag; may be given several times")
    parser.add_argument("--workdir", metavar="FOLDER", help="folder to run in (default: this one)")
    parser.add_argument(
        "-e", "--env", action="append", default=[], metavar="NAME=VALUE", help="variable; NAME alone takes it from here"
    )
    parser.add_argument(
        "--secret", action="append", default=[], metavar="NAME", help="variable whose value is never kept or shown"
    )
    parser.add_argument("-P", "--param", action="append", default=[], metavar="NAME=VALUE", help="notebook parameter")
    parser.add_argument(
        "--upload", action="append", default=[], metavar="PATH", help="a file or folder that travels along as it is now"
    )
    parser.add_argument(
        "--sweep", metavar="VALUES", help='a job for each combination: "lr=0.1,0.01 seed=1..3"; {lr} stands for a value'
    )
    parser.add_argument("-w", "--wait", action="store_true", help="wait for the end; exit 1 unless completed")
    parser.add_argument("-f", "--follow", action="store_true", help="show the output as it comes, then as --wait")
    parser.add_argument("--dry-run", action="store_true", help="say what would be, make nothing")


def run(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Submit, then wait or follow if asked to."""
    from trackside.display.text import dry_run
    from trackside.sdk.submit import submit_fields
    from trackside.sdk.uploading import without_uploads

    submission, *more = submissions(arguments, arguments.rest)
    if arguments.sweep and not more:
        return _sweep(terminal, arguments, submission)
    if more:
        return _several(terminal, arguments, [submission, *more])
    if arguments.dry_run:
        plan = terminal.client.jobs.submit(without_uploads(submission), dry_run=True)
        terminal.answer(plan, dry_run(plan))
        return 0
    job = submit_fields(submission, terminal.client, check=False).known
    if arguments.follow:
        return following.follow(terminal, job)
    if arguments.wait:
        return following.wait(terminal, job)
    terminal.answer(job, job.id)
    return 0


def _several(terminal: Terminal, arguments: argparse.Namespace, found: list[dict[str, object]]) -> int:
    """Submit the jobs of a file, all or none."""
    from trackside.display.text import dry_run
    from trackside.sdk.uploading import uploaded_all, without_uploads

    if arguments.follow or arguments.sweep:
        option = "--follow" if arguments.follow else "--sweep"
        raise InvalidInput(f"{option} is for one job; {arguments.file} has {len(found)}.")
    client = terminal.client
    if arguments.dry_run:
        plans = [client.jobs.submit(without_uploads(each), dry_run=True) for each in found]
        terminal.answer(plans, "\n\n".join(map(dry_run, plans)))
        return 0
    with uploaded_all(client, found) as complete:
        jobs = client.jobs.submit_many(complete)
    if arguments.wait:
        jobs = client.jobs.wait(jobs)
    terminal.answer(jobs, "\n".join(f"{job.id}  {job.name}" for job in jobs))
    return int(arguments.wait and any(job.status != "completed" for job in jobs))


def _sweep(terminal: Terminal, arguments: argparse.Namespace, submission: dict[str, object]) -> int:
    """Submit a job for each combination, all or none."""
    from trackside.display.text import dry_run
    from trackside.models.sweep import parse_sweep
    from trackside.sdk.sweep import submit_sweep, sweep_fields
    from trackside.sdk.uploading import without_uploads

    if arguments.follow:
        raise InvalidInput("--follow shows one log, a sweep has many.", hint="Write --wait, or `logs JOB -f` for one.")
    grid = parse_sweep(arguments.sweep)
    if arguments.dry_run:
        submissions = sweep_fields(submission, grid)
        plan = terminal.client.jobs.submit(without_uploads(submissions[0]), dry_run=True)
        names = [str(each["name"]) for each in submissions]
        terminal.answer({"jobs": names, "first": plan}, "\n".join([dry_run(plan), f"{len(names)} jobs:", *names]))
        return 0
    sweep = submit_sweep(submission, grid, terminal.client)
    if arguments.wait:
        sweep.wait()
    terminal.answer([job.facts for job in sweep], "\n".join(f"{job.id}  {job.name}" for job in sweep))
    return int(arguments.wait and any(job.status != "completed" for job in sweep))


def submissions(arguments: argparse.Namespace, rest: list[str] | None) -> list[dict[str, object]]:
    """Return the submissions that the command line describes: one, or those of a file of jobs."""
    from trackside.cli.spec_file import SUFFIXES, jobs_in
    from trackside.sdk.surroundings import carried_environment

    if arguments.file is None or not arguments.file.endswith(SUFFIXES):
        return [fields(arguments, rest)]
    if rest is not None:
        raise InvalidInput(f"{arguments.file} says itself what runs.", hint="Leave out what stands behind --.")
    given = {name: value for name, value in _options(arguments).items() if value not in (None, [], {})}
    return [_over(job, given) for job in jobs_in(Path(arguments.file).expanduser(), carried_environment())]


def _over(job: dict[str, object], given: dict[str, object]) -> dict[str, object]:
    """Return a job of a file with the options of the command line over what it says; tags and variables join."""
    joined: dict[str, object] = {}
    for name, value in given.items():
        before = job.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            joined[name] = {**before, **value}
        elif name == "tags" and isinstance(value, list) and isinstance(before, list):
            joined[name] = [*before, *value]
        else:
            joined[name] = value
    return {**job, **joined}


def fields(arguments: argparse.Namespace, rest: list[str] | None) -> dict[str, object]:
    """Return the submission that the command line describes."""
    from trackside.sdk.surroundings import carried_environment

    given = {**_options(arguments), "environment": carried_environment()}
    given["workdir"] = given["workdir"] or str(Path.cwd())
    given |= _work(arguments.file, rest)
    return {name: value for name, value in given.items() if value not in (None, [], {})}


def _options(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the options as fields of a submission; None or nothing for those that were not given."""
    from trackside.models.sweep import parse_parameter
    from trackside.sdk.secrets import secret_value

    given: dict[str, object] = {name: getattr(arguments, name) for name in _PLAIN}
    given |= {"tags": [tag for text in arguments.tag for tag in text.split(",") if tag]}
    given |= {"env": dict(_variable(text) for text in arguments.env)}
    given |= {"after": arguments.after, **{name: getattr(arguments, name) or None for name in _SWITCHES}}
    given["secrets"] = {name: secret_value(name, option="--secret") for name in arguments.secret}
    given["workdir"] = str(Path(arguments.workdir).expanduser().absolute()) if arguments.workdir else None
    given["uploads"] = arguments.upload
    given |= {"params": dict(parse_parameter(text) for text in arguments.param)}
    return given


def _work(file: str | None, rest: list[str] | None) -> dict[str, object]:
    """Return the fields that say what runs."""
    if file is None:
        if not rest:
            raise InvalidInput("What shall run?", hint="Write `trackside submit -- python train.py`.")
        return {"command": rest}
    path = Path(file).expanduser().absolute()
    kind = {".py": "script", ".ipynb": "notebook"}.get(path.suffix)
    if kind is None:
        raise InvalidInput(
            f"{file!r} is neither a .py, an .ipynb nor a .yaml file.", hint=f"A command: `submit -- {file} …`."
        )
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file.", hint="Check the path.")
    return {kind: str(path), "args": rest or [], "python": sys.executable}


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals and name not in os.environ:
        raise InvalidInput(f"-e {name}: there is no such variable here.", hint=f"Write -e {name}=VALUE.")
    return name, value if equals else os.environ[name]
