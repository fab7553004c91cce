"""The REST interface as OpenAPI 3.1: a table of routes, and schemas generated from ``trackside.models``.

``python -m trackside_server.openapi`` writes ``openapi.json`` beside this file; ``--check`` fails when it would change.
The TypeScript types of the lab extension are generated from that file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trackside import models
from trackside.models import housekeeping, stream
from trackside.models.any_value import any_value
from trackside_server.openapi_bodies import BODIES, BYTES, INTEGER, REF, TEXT, Schema, ref

__all__ = ["OPENAPI_FILE", "ROUTES", "Answer", "Parameter", "Route", "build", "main"]

OPENAPI_FILE = Path(__file__).with_name("openapi.json")
VERSION = "1"


@dataclass(frozen=True)
class Parameter:
    """One query parameter or header of a route; parameters in the path are found from the path."""

    name: str
    schema: Schema
    description: str
    where: str = "query"


@dataclass(frozen=True)
class Answer:
    """What a route answers when all is well. ``content`` maps media types to schemas; empty: no body."""

    status: int
    description: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One method of one path below ``<base_url>trackside/api/v1/``."""

    method: str
    path: str
    summary: str
    answers: Sequence[Answer]
    parameters: Sequence[Parameter] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)


def _json(schema: Schema) -> Mapping[str, Schema]:
    return {"application/json": schema}


def _one(name: str, description: str, status: int = 200) -> Sequence[Answer]:
    return (Answer(status, description, _json(ref(name))),)


def _stream(description: str) -> Answer:
    return Answer(200, description, {"text/event-stream": ref("ServerMessage")})


_LIMIT = Parameter("limit", {"type": "integer", "default": 50, "maximum": 500}, "Entries of a page.")
_CURSOR = Parameter("cursor", TEXT, "`next` of the page before.")
_OFFSET = Parameter("offset", {"type": "integer", "default": 0, "minimum": 0}, "How many entries are passed over.")
_TOTAL = Parameter("total", {"enum": ["1"]}, "Also count all that fit.")
_CURVES = (
    Parameter("keys", TEXT, "Only these keys, separated by commas."),
    Parameter("x", {"type": "string", "default": "step"}, "`step`, `time` (seconds) or a key."),
    Parameter("max_points", {"type": "integer", "default": 2000}, "Points per curve at most; 0: all."),
    Parameter("between", TEXT, "Only points whose x lies between these two: `100,200`."),
)
_QUERY = Parameter(
    "query", TEXT, "What runs are asked for: `tag:baseline status:failed config.lr<0.01 loss.min<0.3 since:7d text`."
)
_STATUS = Parameter("status", TEXT, "Words of status, separated by commas.")
_ORDER = Parameter(
    "order",
    {"enum": ["newest", "queue"], "default": "newest"},
    "`queue`: only those that wait, the next to start first.",
)
_TAG = Parameter("tag", TEXT, "Only those with this tag.")
_DETAILS = Parameter("details", {"enum": ["1"]}, "Also all disks, the network and the busiest processes.")
_ROOT = Parameter(
    "root", {"enum": ["artifacts", "run"], "default": "artifacts"}, "The saved files, or the whole run folder."
)
_LAST_EVENT = Parameter("Last-Event-ID", TEXT, "Where a broken stream goes on.", "header")
_JSON = "application/json"
_UNCHANGED = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the answer that one has.",
    "schema": TEXT,
}
_RESUME = {"X-Trackside-Next": "Byte offset from which to go on."}
_LOG = {
    **_RESUME,
    "X-Trackside-Gap": "Start and end of the part that was given back to the disk, where these bytes touch it.",
}
_EITHER: Schema = {"oneOf": [ref("Submission"), {"type": "array", "items": ref("Submission")}]}
_JOB_OR_JOBS: Schema = {"oneOf": [ref("Job"), {"type": "array", "items": ref("Job")}]}

ROUTES: Sequence[Route] = (
    Route("GET", "health", "The server: its version and home, and whether it schedules", _one("Health", "It works")),
    Route(
        "POST",
        "jobs",
        "Submit one job, or a list of jobs: all or nothing",
        (
            Answer(201, "The jobs, durably queued", _json(_JOB_OR_JOBS)),
            Answer(200, "With dry_run: what would be made", _json(ref("DryRun"))),
        ),
        (
            Parameter("dry_run", {"enum": ["1"]}, "Make nothing; answer what would be made."),
            Parameter("Idempotency-Key", TEXT, "The same key makes the same jobs only once.", "header"),
        ),
        _json(_EITHER),
    ),
    Route(
        "GET",
        "jobs",
        "Jobs, newest first, or those that wait in the order of the queue",
        _one("JobPage", "One page"),
        (_STATUS, _TAG, Parameter("name", TEXT, "Only those with this name."), _ORDER, _LIMIT, _CURSOR),
    ),
    Route("GET", "jobs/{id}", "One job, by id or name (the newest of that name)", _one("Job", "The job")),
    Route("DELETE", "jobs/{id}", "Delete a finished job and its run", (Answer(204, "It is gone"),)),
    Route("POST", "jobs/{id}/cancel", "Stop a job: TERM, grace, KILL", _one("Job", "The job, being cancelled", 202)),
    Route(
        "POST",
        "jobs/{id}/retry",
        "A new attempt of a finished job, with other resources where they are named",
        _one("Job", "The job, queued again", 201),
        (),
        _json(ref("Retry")),
    ),
    Route(
        "POST",
        "jobs/{id}/move",
        "Give a waiting job another place in the queue",
        (Answer(200, "Every job whose priority changed for it", _json({"type": "array", "items": ref("Job")})),),
        (),
        _json(ref("Move")),
    ),
    Route("GET", "jobs/{id}/explain", "Why a job stands where it stands", _one("Explanation", "The blockers")),
    Route(
        "GET",
        "jobs/{id}/log",
        "The job's output, as bytes or followed",
        (
            Answer(200, "The bytes", {"text/plain": TEXT, "text/event-stream": ref("ServerMessage")}, _LOG),
            Answer(206, "The part asked for", {"text/plain": TEXT}, _LOG),
            Answer(416, "The log is shorter than that", {"text/plain": TEXT}),
        ),
        (
            Parameter("offset", INTEGER, "First byte."),
            Parameter("tail", INTEGER, "Begin this many lines before the end."),
            Parameter("limit", INTEGER, "Bytes at most."),
            Parameter("follow", {"enum": ["1"]}, "Go on as events until the job ends."),
            Parameter("Range", TEXT, "One range of bytes, where none of the others is given.", "header"),
            _LAST_EVENT,
        ),
    ),
    Route(
        "GET",
        "jobs/{id}/log/search",
        "Lines of the job's output that hold a text, the last one first",
        _one("LogMatches", "The lines"),
        (
            Parameter("text", TEXT, "What the line holds, as it is; always needed."),
            Parameter("before", INTEGER, "Only what begins before this byte: next of the answer before."),
            Parameter("limit", INTEGER, "Lines at most."),
            Parameter("ignore_case", {"enum": ["1"]}, "Take small and capital ASCII letters for the same."),
        ),
    ),
    Route("GET", "queue", "Whether the queue is paused, and its limits", _one("Queue", "The queue")),
    Route("PATCH", "queue", "Change limits of the queue", _one("Queue", "The queue"), (), _json(ref("QueuePatch"))),
    Route("POST", "queue/pause", "Start no further job; those that run go on", _one("Queue", "The queue")),
    Route("POST", "queue/resume", "Start jobs again", _one("Queue", "The queue")),
    Route(
        "GET",
        "runs",
        "Runs, newest first",
        _one("RunPage", "One page"),
        (_QUERY, _TAG, _STATUS, _LIMIT, _CURSOR, _OFFSET, _TOTAL),
    ),
    Route("GET", "runs/{id}", "One run", _one("RunInfo", "The run")),
    Route("PATCH", "runs/{id}", "Rename or tag a run", _one("RunInfo", "The run"), (), _json(ref("RunPatch"))),
    Route("DELETE", "runs/{id}", "Delete a finished run", (Answer(204, "It is gone"),)),
    Route(
        "GET",
        "runs/{id}/metrics",
        "Curves, downsampled to what a screen can show, minima and maxima kept",
        _one("Metrics", "The curves"),
        (*_CURVES, Parameter("since", INTEGER, "Byte offset to go on from.")),
    ),
    Route(
        "GET",
        "runs/metrics",
        "Curves of several runs at once",
        (Answer(200, "The curves of each run, in their order", _json({"type": "array", "items": ref("Metrics")})),),
        (Parameter("ids", TEXT, "Runs by id or name, separated by commas."), *_CURVES),
    ),
    Route(
        "GET",
        "runs/{id}/outputs",
        "The rich outputs of a cell, in order",
        (Answer(200, "Records of outputs.jsonl", _json({"type": "array", "items": {"type": "object"}})),),
    ),
    Route(
        "GET",
        "runs/{id}/media",
        "Images, figures, tables, texts and histograms of a run, newest first; their files are artifacts",
        _one("MediaPage", "One page"),
        (
            Parameter("key", TEXT, "Only those under this key."),
            Parameter("kind", {"enum": ["image", "figure", "table", "text", "histogram"]}, "Only those of this kind."),
            _LIMIT,
            _CURSOR,
        ),
    ),
    Route(
        "GET",
        "runs/{id}/stream",
        "Metrics, log and media of one run, live, until it ends",
        (_stream("Messages"),),
        (Parameter("from", {"enum": ["start", "end"], "default": "start"}, "Where to begin."), _LAST_EVENT),
    ),
    Route("GET", "runs/{id}/artifacts", "Files of a run", _one("ArtifactPage", "The files"), (_ROOT,)),
    Route(
        "GET",
        "runs/{id}/artifacts/{path}",
        "One file, as an attachment",
        (
            Answer(200, "The file", {"application/octet-stream": BYTES}),
            Answer(206, "The part asked for", {"application/octet-stream": BYTES}),
            Answer(416, "The file is shorter than that", {"application/octet-stream": BYTES}),
        ),
        (_ROOT, Parameter("Range", TEXT, "One range of bytes.", "header")),
    ),
    Route(
        "GET",
        "runs/{id}/preview",
        "The first rows of a CSV, TSV or Parquet file of a run, as texts",
        _one("TablePreview", "The head"),
        (
            Parameter("path", TEXT, "The file, as artifacts lists it; always needed."),
            _ROOT,
            Parameter("rows", {"type": "integer", "default": 50, "maximum": 500}, "Rows at most."),
        ),
    ),
    Route(
        "GET",
        "runs/compare",
        "Several runs side by side",
        _one("Comparison", "What differs first"),
        (
            Parameter("ids", TEXT, "Runs, separated by commas."),
            Parameter("keys", TEXT, "Curves of these keys only, separated by commas."),
            Parameter("x", {"type": "string", "default": "step"}, "`step`, `time` (seconds) or a key."),
            Parameter(
                "max_points",
                {"type": "integer", "default": 500, "maximum": 2000},
                "Places of each curve at most; 0: no curves.",
            ),
        ),
    ),
    Route(
        "GET",
        "runs/table",
        "Runs as columns, newest first",
        _one("RunTable", "The table"),
        (_QUERY, Parameter("limit", {"type": "integer", "default": 1000, "maximum": 10000}, "Runs at most.")),
    ),
    Route(
        "GET",
        "events",
        "State changes, live",
        (_stream("Events"),),
        (Parameter("since", INTEGER, "Id of the last event seen; none: from now."), _LAST_EVENT),
    ),
    Route(
        "GET",
        "ws",
        "All subscriptions of one browser window: ClientMessage in, ServerMessage out",
        (Answer(101, "WebSocket"),),
    ),
    Route("GET", "system", "The machine now", _one("SystemSample", "One sample"), (_DETAILS,)),
    Route(
        "GET",
        "system/stream",
        "The machine, again and again",
        (_stream("Samples"),),
        (Parameter("interval", {"type": "number", "default": 2}, "Seconds between samples."), _DETAILS),
    ),
    Route("GET", "gpus", "All GPUs of this machine and who holds them", _one("GpuReport", "The GPUs")),
    Route("GET", "doctor", "What is found, enforced and wrong here, and how to mend it", _one("Diagnosis", "Findings")),
    Route(
        "POST",
        "prune",
        "Delete finished runs by age, number and size; unless dry_run is false, only say which",
        _one("Pruned", "What goes, or went"),
        (),
        _json(ref("Retention")),
    ),
    Route(
        "PUT",
        "uploads/{id}/{path}",
        "Put one file into a staging folder, resumably",
        (Answer(204, "The bytes are kept", {}, _RESUME),),
        (Parameter("offset", INTEGER, "Where these bytes begin."),),
        {"application/octet-stream": BYTES},
    ),
)


def build() -> dict[str, object]:
    """Return the whole document."""
    paths: dict[str, dict[str, object]] = {}
    for route in ROUTES:
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trackside", "version": VERSION, "license": {"name": "BSD-3-Clause"}},
        "servers": [{"url": "/trackside/api/v1", "description": "Below the base URL of the Jupyter server."}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, object]:
    named = re.findall(r"{(\w+)}", route.path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in named]
    parameters += [
        {"name": each.name, "in": each.where, "description": each.description, "schema": each.schema}
        for each in route.parameters
    ]
    responses: dict[str, object] = {str(answer.status): _response(answer) for answer in route.answers}
    if route.method == "GET" and any(answer.status == 200 and _JSON in answer.content for answer in route.answers):
        parameters.append(_UNCHANGED)
        responses["304"] = _response(Answer(304, "It is still what it was when it had this ETag"))
    responses["429"] = _response(Answer(429, "More requests than one caller may send", _json(ref("ErrorBody"))))
    responses["default"] = _response(Answer(0, "It did not work", _json(ref("ErrorBody"))))
    operation: dict[str, object] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses,
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    return operation


def _operation_id(route: Route) -> str:
    words = re.sub(r"\W+", "_", route.path.replace("{id}", "one").replace("{path}", "file"))
    return f"{route.method.lower()}_{words}"


def _response(answer: Answer) -> dict[str, object]:
    response: dict[str, object] = {"description": answer.description}
    if answer.content:
        response["content"] = _content(answer.content)
    if answer.headers:
        response["headers"] = {name: {"description": said, "schema": INTEGER} for name, said in answer.headers.items()}
    return response


def _content(content: Mapping[str, Schema]) -> dict[str, object]:
    return {media: {"schema": schema} for media, schema in content.items()}


def _schemas() -> dict[str, object]:
    structs = (
        models.Health,
        models.Job,
        models.JobPage,
        models.Explanation,
        models.DryRun,
        models.LogMatches,
        models.Queue,
        models.RunInfo,
        models.RunPage,
        models.RunTable,
        models.Comparison,
        models.Metrics,
        models.MediaPage,
        models.ArtifactPage,
        models.TablePreview,
        models.SystemSample,
        models.GpuReport,
        housekeeping.Diagnosis,
        housekeeping.Pruned,
    )
    unions = {
        "Event": models.Event,
        "ClientMessage": stream.ClientMessage,
        "ServerMessage": stream.ServerMessage,
    }
    roots = [*structs, *unions.values()]
    shown, components = msgspec.json.schema_components(roots, schema_hook=any_value, ref_template=REF)
    sent = {name: _as_sent(name, schema) for name, schema in components.items()}
    named = dict(zip(unions, shown[len(structs) :], strict=True))
    return dict(sorted({**sent, **named, **BODIES}.items()))


def _as_sent(name: str, schema: Mapping[str, object]) -> Schema:
    """Defaults are sent too, unless the struct omits them: then every property is there."""
    struct = next(found for home in (models, stream, housekeeping) if (found := getattr(home, name, None)) is not None)
    if struct.__struct_config__.omit_defaults:
        return schema
    properties = schema.get("properties")
    return {**schema, "required": sorted(properties)} if isinstance(properties, Mapping) else schema


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or with ``--check`` say whether it would change; return the exit code."""
    asked = list(sys.argv[1:] if arguments is None else arguments)
    text = json.dumps(build(), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in asked:
        OPENAPI_FILE.write_text(text, encoding="utf-8")
        return 0
    if OPENAPI_FILE.is_file() and OPENAPI_FILE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{OPENAPI_FILE.name} is out of date. Run: python -m trackside_server.openapi\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
