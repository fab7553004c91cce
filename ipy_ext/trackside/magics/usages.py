"""What each magic takes, once: read by the parser, shown as help, offered by completion."""

from __future__ import annotations

from dataclasses import replace

from trackside.magics.options import Option, Usage

__all__ = [
    "ALL", "ARTIFACTS", "CANCEL", "GPUS", "JOBS", "LOGS", "RETRY", "RUNS", "SUBMIT", "SUBMIT_LINE", "TRACK",
    "TRACK_CELL",
]  # fmt: skip

_LATER = (
    "--gpu-memory", "--cores", "--max-iops", "--max-output", "--max-processes", "--at", "--after", "--retries",
    "--requeue", "--max-cost-per-hour", "--nodes", "--secret", "-x", "--executor", "-p", "--profile", "-r", "--runtime",
    "--image", "-v", "--volume", "--network", "--port", "--upload", "-P", "--param", "--sweep", "--notify",
)  # fmt: skip

_NAME = Option(("-n", "--name"), "what it is called; names need not be unique", "NAME")
_TAG = Option(("--tag",), "a word to find it by; may be given several times", "TAG", many="each")
_CONFIG = Option(("--config",), "a dict of the notebook, kept as the run's hyperparameters", "VAR")

SUBMIT = Usage(
    "%%submit",
    "Run the cell as a job: its own process, its own GPUs, its own life.",
    (
        _NAME,
        Option(("-g", "--gpus"), "GPUs: 2, 0.5, a100 or a100:2", "N"),
        Option(("-c", "--cpus"), "CPUs", "N"),
        Option(("-m", "--memory"), "memory at most, such as 8G", "SIZE"),
        Option(("-t", "--time"), "time at most, such as 2h or 01:30:00", "TIME"),
        Option(("-i", "--in"), "names carried in: a,b or auto (what the cell reads) or none", "NAMES", many="each"),
        Option(("-o", "--out"), "names that come back when the job ends: model,history", "NAMES", many="each"),
        Option(("-e", "--env"), "a variable: K=V, or K to take its value from here", "K=V", many="each"),
        _TAG,
        _CONFIG,
        Option(("--workdir",), "the folder it runs in; this notebook's when not given", "PATH"),
        Option(("--priority",), "place in the queue; higher first, 0 when not given", "N"),
        Option(("--grace",), "time between TERM and KILL when it is stopped; 10s when not given", "TIME"),
        Option(("-w", "--wait"), "wait until it ends"),
        Option(("-f", "--follow"), "show its log until it ends"),
        Option(("--quiet",), "show nothing; the job is in _job"),
        Option(("--dry-run",), "say what would happen, submit nothing"),
    ),
    examples=("%%submit --gpus 2 --name baseline --out model", "%%submit -m 8G -t 2h --config params --follow"),
    later=_LATER,
)

SUBMIT_LINE = replace(
    SUBMIT,
    magic="%submit",
    summary="Run a script, a notebook or a command as a job.",
    options=tuple(option for option in SUBMIT.options if option.name not in ("in", "out")),
    words="FILE.py [-- args] | FILE.ipynb | -- CMD args",
    examples=(
        "%submit train.py --gpus a100 -- --lr 0.1",
        "%submit report.ipynb --name report",
        "%submit -t 10m -- make -j4 data",
    ),
)

TRACK = Usage(
    "%track",
    "Show the curves of runs, live; over a cell (%%track) run the cell here as a tracked run.",
    (
        Option(("--run",), "runs or jobs by id or name; the newest one when not given", "RUN…", many="rest"),
        Option(("--x",), "what lies on the horizontal axis: step, time or a metric", "step"),
        Option(("--smooth",), "smoothing, from 0 (none) up to 1", "A"),
        Option(("--last",), "the last N points only", "N"),
        Option(("--static",), "a picture, nothing live"),
    ),
    words="[KEYS…]",
    examples=("%track", "%track loss acc --run baseline lr-0.03 --smooth 0.6"),
)

TRACK_CELL = Usage(
    "%%track",
    TRACK.summary,
    (_NAME, _CONFIG, _TAG),
    examples=("%%track --name quick-look --config params",),
)

JOBS = Usage(
    "%jobs",
    "List jobs, newest first.",
    (
        Option(
            ("--status",), "only these: running,pending,scheduled,completed,failed,cancelled", "STATUS", many="each"
        ),
        Option(("--tag",), "only those with this tag", "TAG"),
        Option(("--name",), "only those with this name", "NAME"),
        Option(("-n", "--number"), "how many; 20 when not given", "N"),
    ),
    examples=("%jobs", "%jobs --status running,pending", "%jobs --tag resnet -n 50"),
)

RUNS = Usage(
    "%runs",
    "List runs, newest first.",
    (Option(("-n", "--number"), "how many; 20 when not given", "N"),),
    words="[QUERY]",
    examples=("%runs", "%runs baseline", "%runs tag:resnet status:completed"),
)

LOGS = Usage(
    "%logs",
    "Show what a job printed.",
    (
        Option(("-f", "--follow"), "go on until it ends; interrupt the cell to stop looking"),
        Option(("-n", "--lines"), "how many lines from the end; 100 when not given", "N"),
    ),
    words="[JOB]",
    examples=("%logs", "%logs baseline -n 500", "%logs 41 -f"),
)

CANCEL = Usage(
    "%cancel", "Stop jobs: TERM, the grace time, then KILL.", words="JOB…", examples=("%cancel baseline 42",)
)
RETRY = Usage(
    "%retry", "Start a finished job again: a new attempt of the same job.", words="JOB", examples=("%retry 40",)
)
ARTIFACTS = Usage(
    "%artifacts",
    "List the files that a run saved.",
    (Option(("--all",), "everything in the run folder: log, metrics, results, source"),),
    words="[RUN]",
    examples=("%artifacts baseline", "%artifacts 41 --all"),
)
GPUS = Usage("%gpus", "Show who holds which GPU.", examples=("%gpus",))

ALL = (SUBMIT, SUBMIT_LINE, TRACK, TRACK_CELL, JOBS, RUNS, LOGS, CANCEL, RETRY, ARTIFACTS, GPUS)
