"""A server without a network, at the transport of the HTTP client: what it is told, it keeps; the test ends its jobs."""

import json
import queue
from datetime import UTC, datetime

import httpx
import msgspec

from trackside.models import Job, JobChanged, Metrics, Reason, RunInfo, Series, parse_submission
from trackside.models.stream import EventMessage, Subscribed

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class FakeServer:
    """Knows jobs, their logs, metrics and artifacts; answers as the real one does."""

    def __init__(self, home):
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        (home / "home.json").write_text('{"home_id": "h"}')
        self.jobs = {}
        self.logs = {}
        self.metrics = {}
        self.artifacts = {}
        self.requests = []
        self.events = queue.Queue()
        self.refuse = None

    # What the test does

    def end(self, job_id="job-1", status="completed", code=None, message="", exit_code=None):
        reason = Reason(code, message) if code else None
        self._change(job_id, status=status, reason=reason, exit_code=exit_code, started_at=NOW, finished_at=NOW)

    def run(self, job_id="job-1"):
        self._change(job_id, status="running", started_at=datetime.now(UTC))

    def _change(self, job_id, **fields):
        self.jobs[job_id] = msgspec.structs.replace(self.jobs[job_id], **fields)
        self.events.put(EventMessage("", len(self.requests) + 1, JobChanged(1, NOW, self.jobs[job_id])))

    def log_metric(self, job_id, key, values):
        series = Series(list(range(len(values))), list(values), len(values), values[-1], min(values), max(values))
        self.metrics.setdefault(job_id, {})[key] = series

    @property
    def submitted(self):
        """The fields of each submission, in order."""
        return [body for method, path, body in self.requests if (method, path) == ("POST", "jobs")]

    # What the server does

    def __call__(self, request):
        path = request.url.path.removeprefix("/trackside/api/v1/")
        body = json.loads(request.content) if request.content else None
        self.requests.append((request.method, path, body))
        if self.refuse is not None and request.method == "POST":
            return _error(*self.refuse)
        head, _, rest = path.partition("/")
        return getattr(self, f"_{head}")(request, rest, body)

    def _health(self, request, rest, body):
        known = {"ok": True, "version": "0.1", "home": str(self.home), "home_id": "h", "pid": 1, "schedules": True}
        return httpx.Response(200, json=known)

    def _jobs(self, request, rest, body):
        job_id, _, verb = rest.partition("/")
        if not job_id:
            return self._submit(request, body) if request.method == "POST" else self._list(request)
        job = self._find(job_id)
        if job is None:
            return _error(404, "not_found", f"There is no job {job_id!r}.", "")
        if verb == "log":
            return httpx.Response(200, text=self.logs.get(job.id, ""), headers={"X-Trackside-Next": "0"})
        if verb == "cancel":
            if job.is_terminal:
                return _error(409, "conflict", f"{job.id} has ended.", "")
            self._change(job.id, cancelling=True)
        if verb == "retry":
            self._change(job.id, status="pending", reason=None, attempt=2, started_at=None, finished_at=None)
        if verb == "explain":
            said = {"id": job.id, "status": job.status, "message": "needs 2 GPUs", "blockers": []}
            return httpx.Response(200, json=said)
        if request.method == "DELETE":
            del self.jobs[job.id]
            return httpx.Response(204)
        return _answer(self.jobs[job.id])

    def _submit(self, request, body):
        if isinstance(body, list):
            return _answer([self._made(one) for one in body], 201)
        if request.url.params.get("dry_run"):
            spec = parse_submission(body).spec
            explained = {"id": "job-0", "status": "pending", "message": "It would start now.", "blockers": []}
            return httpx.Response(200, json={"spec": msgspec.to_builtins(spec), "limits": [], "explanation": explained})
        return _answer(self._made(body), 201)

    def _made(self, body):
        spec = parse_submission(body).spec
        number = len(self.jobs) + 1
        folder = self.home / "runs" / f"job-{number}"
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(json.dumps({"uuid": f"u{number}"}))
        if spec.staging:
            (self.home / "staging" / spec.staging).rename(folder / "inputs")
        job = Job(
            id=f"job-{number}", uuid=f"u{number}", home_id="h", run_id=f"job-{number}", run_dir=str(folder),
            name=spec.name or f"job-{number}", status="pending", message="starts now", created_at=NOW, spec=spec,
        )  # fmt: skip
        self.jobs[job.id] = job
        return job

    def _list(self, request):
        wanted = (request.url.params.get("status") or "").split(",")
        found = [job for job in reversed(self.jobs.values()) if wanted == [""] or job.status in wanted]
        return httpx.Response(200, json={"jobs": msgspec.to_builtins(found), "counts": {"pending": len(self.jobs)}})

    def _find(self, name):
        known = {job.id: job for job in self.jobs.values()} | {job.name: job for job in self.jobs.values()}
        return known.get(name) or known.get(f"job-{name}")

    def _runs(self, request, rest, body):
        run_id, _, what = rest.partition("/")
        if not run_id:
            found = [_run(job) for job in reversed(self.jobs.values())]
            return httpx.Response(200, json={"runs": msgspec.to_builtins(found)})
        job = self._find(run_id)
        if job is None:
            return _error(404, "not_found", f"There is no run {run_id!r}.", "")
        if what == "metrics":
            keys = (request.url.params.get("keys") or "").split(",")
            kept = {key: series for key, series in self.metrics.get(job.id, {}).items() if keys == [""] or key in keys}
            return _answer(Metrics(job.id, "step", kept, 0))
        if what == "artifacts":
            return httpx.Response(200, json={"artifacts": msgspec.to_builtins(self.artifacts.get(job.id, []))})
        return _answer(_run(job))

    def _gpus(self, request, rest, body):
        return httpx.Response(200, json={"gpus": [], "message": "No NVIDIA driver answers here."})

    def _events(self, request, rest, body):
        patience = request.extensions["timeout"]["read"]

        def frames():
            yield _frame(Subscribed("", 0))
            while (message := self._next_event(patience)) is not None:
                yield _frame(message)

        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=frames())

    def _next_event(self, patience):
        try:
            return self.events.get(timeout=patience)
        except queue.Empty:
            raise httpx.ReadTimeout("nothing came") from None


def _frame(message):
    return b"event: x\nid: %d\ndata: %s\n\n" % (message.next, msgspec.json.encode(message))


def _run(job):
    return RunInfo(
        id=job.run_id, uuid=job.uuid, home_id="h", name=job.name, status=job.status, run_dir=job.run_dir, job_id=job.id,
        started_at=job.started_at, finished_at=job.finished_at,
    )  # fmt: skip


def _answer(value, status=200):
    return httpx.Response(status, content=msgspec.json.encode(value), headers={"Content-Type": "application/json"})


def _error(status, code, message, hint):
    return httpx.Response(status, json={"error": {"code": code, "message": message, "hint": hint}})
