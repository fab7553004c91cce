"""What each magic takes, once: read by the parser, shown as help, offered by completion."""

from __future__ import annotations

from dataclasses import replace

from trackside.magics.options import Option, Usage

__all__ = [
    "ALL", "ARTIFACTS", "CANCEL", "COMPARE", "GPUS", "JOBS", "LOGS", "RETRY", "RUNS", "SUBMIT", "SUBMIT_LINE", "TRACK",
    "TRACK_CELL",
]  # fmt: skip

_LATER = (
    "--nodes", "-x", "--executor", "-p", "--profile", "-r", "--runtime", "--image", "-v",
    "--volume", "--network", "--port",
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
        Option(("--gpu-memory",), "memory that each GPU must have, such as 40G", "SIZE"),
        Option(("--share-gpu",), "start also on a GPU that kernels of notebooks use"),
        Option(("-c", "--cpus"), "CPUs", "N"),
        Option(("--cores",), "the cores it is pinned to, such as 0-3", "CORES"),
        Option(("-m", "--memory"), "memory at most, such as 8G", "SIZE"),
        Option(("-t", "--time"), "time at most, such as 2h or 01:30:00", "TIME"),
        Option(("--max-iops",), "reads and writes of each disk per second at most", "N"),
        Option(("--max-output",), "size of its log at most; 1G when not given, the middle is given back", "SIZE"),
        Option(("--max-processes",), "processes and threads at most", "N"),
        Option(("--max-cost-per-hour",), "refuse it if an hour costs more by the site's prices", "N"),
        Option(("--group",), "jobs that --max-parallel counts together", "NAME"),
        Option(("--max-parallel",), "jobs of its sweep or group that run at once at most", "N"),
        Option(("-i", "--in"), "names carried in: a,b or auto (what the cell reads) or none", "NAMES", many="each"),
        Option(("-o", "--out"), "names that come back when the job ends: model,history", "NAMES", many="each"),
        Option(("-e", "--env"), "a variable: K=V, or K to take its value from here", "K=V", many="each"),
        Option(("--secret",), "a variable whose value is never kept: from here, else asked for", "NAME", many="each"),
        Option(("--upload",), "a file or folder that travels along as it is now", "PATH", many="each"),
        _TAG,
        _CONFIG,
        Option(("--sweep",), 'one job for each combination: "lr=0.1,0.01 seed=1..3"', "VALUES"),
        Option(("--workdir",), "the folder it runs in; this notebook's when not given", "PATH"),
        Option(("--priority",), "place in the queue; higher first, 0 when not given", "N"),
        Option(("--at",), "the earliest start: 18:30, 'tomorrow 06:00', +2h", "TIME"),
        Option(("--after",), "wait for a job: 41 (completed), 41:any (ended), 41:failed", "JOB", many="each"),
        Option(("--retries",), "start it again by itself after a failure, so many times", "N"),
        Option(("--requeue",), "start it again when the machine was restarted under it"),
        Option(("--notify",), "tell of its end by the command or webhook that the server is set up with"),
        Option(("--grace",), "time between TERM and KILL when it is stopped; 10s when not given", "TIME"),
        Option(("-w", "--wait"), "wait until it ends; a failure is raised"),
        Option(("-f", "--follow"), "show its log until it ends; a failure is raised"),
        Option(("--quiet",), "show nothing; the job is in _job"),
        Option(("--dry-run",), "say what would happen, submit nothing"),
    ),
    examples=(
        "%%submit --gpus 2 --name baseline --out model",
        "%%submit -m 8G -t 2h --config params --follow",
        '%%submit -n lenet --sweep "lr=0.1,0.01 seed=1..3"',
    ),
    later=_LATER,
)

SUBMIT_LINE = replace(
    SUBMIT,
    magic="%submit",
    summary="Run a script, a notebook or a command as a job.",
    options=(
        *(option for option in SUBMIT.options if option.name not in ("in", "out")),
        Option(("-P", "--param"), "a parameter of a notebook: lr=0.1", "NAME=VALUE", many="each"),
    ),
    words="FILE.py [-- args] | FILE.ipynb | -- CMD args",
    examples=(
        "%submit train.py --gpus a100 -- --lr 0.1",
        "%submit report.ipynb --name report -P lr=0.1",
        '%submit train.py --sweep "lr=0.1,0.01" -- --epochs 3',
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
    examples=(
        "%runs",
        "%runs baseline",
        "%runs tag:resnet status:completed -name:test*",
        "%runs config.lr<0.01 loss.min<0.3 since:7d",
    ),
)

COMPARE = Usage(
    "%compare",
    "Put runs side by side: settings, metrics, surroundings and source, what differs first.",
    (Option(("--x",), "what the curves of its value lie over: step, time or a metric", "step"),),
    words="RUN RUN…",
    examples=("%compare baseline lr-0.03", "_.data", "_.curves('loss').plot()"),
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
    "%retry",
    "Start a finished job again: a new attempt of the same job.",
    (
        Option(("-g", "--gpus"), "GPUs from now on", "N"),
        Option(("--gpu-memory",), "memory that each GPU must have from now on", "SIZE"),
        Option(("-c", "--cpus"), "CPUs from now on", "N"),
        Option(("--cores",), "the cores it is pinned to from now on", "CORES"),
        Option(("-m", "--memory"), "memory at most from now on, such as 16G", "SIZE"),
        Option(("-t", "--time"), "time at most from now on, such as 4h", "TIME"),
        Option(("--priority",), "place in the queue from now on", "N"),
    ),
    words="JOB",
    examples=("%retry 40", "%retry baseline -m 16G -t 4h"),
)
ARTIFACTS = Usage(
    "%artifacts",
    "List the files that a run saved.",
    (Option(("--all",), "everything in the run folder: log, metrics, results, source"),),
    words="[RUN]",
    examples=("%artifacts baseline", "%artifacts 41 --all"),
)
GPUS = Usage("%gpus", "Show who holds which GPU.", examples=("%gpus",))

ALL = (SUBMIT, SUBMIT_LINE, TRACK, TRACK_CELL, JOBS, RUNS, LOGS, CANCEL, RETRY, ARTIFACTS, COMPARE, GPUS)
