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
from typing import TypeAlias

import msgspec

from trackside import models
from trackside.models import stream

__all__ = ["OPENAPI_FILE", "ROUTES", "Answer", "Parameter", "Route", "build", "main"]

OPENAPI_FILE = Path(__file__).with_name("openapi.json")
VERSION = "1"

Schema: TypeAlias = Mapping[str, object]

_REF = "#/components/schemas/{name}"
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_INTEGER: Schema = {"type": "integer"}
_NUMBER: Schema = {"type": "number"}
_BYTES: Schema = {"type": "string", "format": "binary"}
_SIZE: Schema = {"type": ["integer", "string"], "description": "Bytes, or a size such as '8G'."}
_TIME: Schema = {"type": ["number", "string"], "description": "Seconds, or a time such as '2h30m'."}
_MAP: Schema = {"type": "object", "additionalProperties": _TEXT}

SUBMISSION: Mapping[str, Schema] = {
    "command": {"oneOf": [_TEXTS, _TEXT], "description": "Arguments, or one string for the shell."},
    "cell": {**_TEXT, "description": "Source of a notebook cell; IPython syntax is allowed."},
    "script": {**_TEXT, "description": "Absolute path of a Python file."},
    "notebook": {**_TEXT, "description": "Absolute path of a notebook."},
    "function": {**_TEXT, "description": "Qualified name of a function pickled in the staging folder."},
    "args": _TEXTS,
    "name": _TEXT,
    "tags": _TEXTS,
    "config": {"type": "object", "additionalProperties": True},
    "gpus": {"type": ["number", "string"], "description": "2, 0.5, 'a100', 'a100:2' or '2xa100'."},
    "gpu_memory": _SIZE,
    "cpus": _NUMBER,
    "memory": _SIZE,
    "time": _TIME,
    "grace": _NUMBER,
    "priority": _INTEGER,
    "workdir": _TEXT,
    "env": _MAP,
    "environment": {**_MAP, "description": "The submitter's whole environment; travels and rests like secrets."},
    "secrets": {**_MAP, "description": "Values that are never written in clear nor answered."},
    "python": _TEXT,
    "sys_path": _TEXTS,
    "outputs": _TEXTS,
    "staging": _TEXT,
}
"""What a submission may say, as ``trackside.models.submission`` reads it."""


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


def ref(name: str) -> Schema:
    """Return the reference to a component."""
    return {"$ref": _REF.format(name=name)}


def _json(schema: Schema) -> Mapping[str, Schema]:
    return {"application/json": schema}


def _one(name: str, description: str, status: int = 200) -> Sequence[Answer]:
    return (Answer(status, description, _json(ref(name))),)


def _stream(description: str) -> Answer:
    return Answer(200, description, {"text/event-stream": ref("ServerMessage")})


_LIMIT = Parameter("limit", {"type": "integer", "default": 50, "maximum": 500}, "Entries of a page.")
_CURSOR = Parameter("cursor", _TEXT, "`next` of the page before.")
_STATUS = Parameter("status", _TEXT, "Words of status, separated by commas.")
_TAG = Parameter("tag", _TEXT, "Only those with this tag.")
_ROOT = Parameter(
    "root", {"enum": ["artifacts", "run"], "default": "artifacts"}, "The saved files, or the whole run folder."
)
_LAST_EVENT = Parameter("Last-Event-ID", _TEXT, "Where a broken stream goes on.", "header")
_RESUME = {"X-Trackside-Next": "Byte offset from which to go on."}
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
            Parameter("Idempotency-Key", _TEXT, "The same key makes the same jobs only once.", "header"),
        ),
        _json(_EITHER),
    ),
    Route(
        "GET",
        "jobs",
        "Jobs, newest first",
        _one("JobPage", "One page"),
        (_STATUS, _TAG, Parameter("name", _TEXT, "Only those with this name."), _LIMIT, _CURSOR),
    ),
    Route("GET", "jobs/{id}", "One job, by id or unique name", _one("Job", "The job")),
    Route("DELETE", "jobs/{id}", "Delete a finished job and its run", (Answer(204, "It is gone"),)),
    Route("POST", "jobs/{id}/cancel", "Stop a job: TERM, grace, KILL", _one("Job", "The job, being cancelled", 202)),
    Route("POST", "jobs/{id}/retry", "A new attempt of a finished job", _one("Job", "The job, queued again", 201)),
    Route("GET", "jobs/{id}/explain", "Why a job stands where it stands", _one("Explanation", "The blockers")),
    Route(
        "GET",
        "jobs/{id}/log",
        "The job's output, as bytes or followed",
        (Answer(200, "The bytes", {"text/plain": _TEXT, "text/event-stream": ref("ServerMessage")}, _RESUME),),
        (
            Parameter("offset", _INTEGER, "First byte."),
            Parameter("tail", _INTEGER, "Begin this many lines before the end."),
            Parameter("limit", _INTEGER, "Bytes at most."),
            Parameter("follow", {"enum": ["1"]}, "Go on as events until the job ends."),
            _LAST_EVENT,
        ),
    ),
    Route(
        "GET",
        "runs",
        "Runs, newest first",
        _one("RunPage", "One page"),
        (Parameter("query", _TEXT, "Words, tag:, status:, …"), _TAG, _STATUS, _LIMIT, _CURSOR),
    ),
    Route("GET", "runs/{id}", "One run", _one("RunInfo", "The run")),
    Route("PATCH", "runs/{id}", "Rename or tag a run", _one("RunInfo", "The run"), (), _json(ref("RunPatch"))),
    Route("DELETE", "runs/{id}", "Delete a finished run", (Answer(204, "It is gone"),)),
    Route(
        "GET",
        "runs/{id}/metrics",
        "Curves, downsampled to what a screen can show, minima and maxima kept",
        _one("Metrics", "The curves"),
        (
            Parameter("keys", _TEXT, "Only these keys, separated by commas."),
            Parameter("x", {"type": "string", "default": "step"}, "`step`, `time` (seconds) or a key."),
            Parameter("max_points", {"type": "integer", "default": 2000}, "Points per curve at most; 0: all."),
            Parameter("since", _INTEGER, "Byte offset to go on from."),
        ),
    ),
    Route(
        "GET",
        "runs/{id}/outputs",
        "The rich outputs of a cell, in order",
        (Answer(200, "Records of outputs.jsonl", _json({"type": "array", "items": {"type": "object"}})),),
    ),
    Route(
        "GET",
        "runs/{id}/stream",
        "Metrics and log of one run, live, until it ends",
        (_stream("Messages"),),
        (Parameter("from", {"enum": ["start", "end"], "default": "start"}, "Where to begin."), _LAST_EVENT),
    ),
    Route("GET", "runs/{id}/artifacts", "Files of a run", _one("ArtifactPage", "The files"), (_ROOT,)),
    Route(
        "GET",
        "runs/{id}/artifacts/{path}",
        "One file, as an attachment",
        (
            Answer(200, "The file", {"application/octet-stream": _BYTES}),
            Answer(206, "The part asked for", {"application/octet-stream": _BYTES}),
        ),
        (_ROOT, Parameter("Range", _TEXT, "One range of bytes.", "header")),
    ),
    Route(
        "GET",
        "runs/compare",
        "Several runs side by side",
        (Answer(200, "The comparison", _json({"type": "object"})),),
        (Parameter("ids", _TEXT, "Runs, separated by commas."),),
    ),
    Route(
        "GET",
        "events",
        "State changes, live",
        (_stream("Events"),),
        (Parameter("since", _INTEGER, "Id of the last event seen; none: from now."), _LAST_EVENT),
    ),
    Route(
        "GET",
        "ws",
        "All subscriptions of one browser window: ClientMessage in, ServerMessage out",
        (Answer(101, "WebSocket"),),
    ),
    Route("GET", "system", "The machine now", _one("SystemSample", "One sample")),
    Route(
        "GET",
        "system/stream",
        "The machine, again and again",
        (_stream("Samples"),),
        (Parameter("interval", {"type": "number", "default": 2}, "Seconds between samples."),),
    ),
    Route("GET", "gpus", "All GPUs of this machine and who holds them", _one("GpuReport", "The GPUs")),
    Route(
        "PUT",
        "uploads/{id}/{path}",
        "Put one file into a staging folder, resumably",
        (Answer(204, "The bytes are kept", {}, _RESUME),),
        (Parameter("offset", _INTEGER, "Where these bytes begin."),),
        {"application/octet-stream": _BYTES},
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
    parameters = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in named]
    parameters += [
        {"name": each.name, "in": each.where, "description": each.description, "schema": each.schema}
        for each in route.parameters
    ]
    responses: dict[str, object] = {str(answer.status): _response(answer) for answer in route.answers}
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
        response["headers"] = {name: {"description": said, "schema": _INTEGER} for name, said in answer.headers.items()}
    return response


def _content(content: Mapping[str, Schema]) -> dict[str, object]:
    return {media: {"schema": schema} for media, schema in content.items()}


def _schemas() -> dict[str, object]:
    structs = (
        models.Health,
        models.Job,
        models.JobPage,
        models.Explanation,
        models.RunInfo,
        models.RunPage,
        models.Metrics,
        models.ArtifactPage,
        models.SystemSample,
        models.GpuReport,
    )
    unions = {
        "Event": models.Event,
        "ClientMessage": stream.ClientMessage,
        "ServerMessage": stream.ServerMessage,
    }
    roots = [*structs, *unions.values()]
    shown, components = msgspec.json.schema_components(roots, schema_hook=_any_value, ref_template=_REF)
    sent = {name: _as_sent(name, schema) for name, schema in components.items()}
    named = dict(zip(unions, shown[len(structs) :], strict=True))
    return dict(sorted({**sent, **named, **_OWN}.items()))


def _any_value(kind: type) -> dict[str, object]:
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


def _as_sent(name: str, schema: Mapping[str, object]) -> Schema:
    """Defaults are sent too, unless the struct omits them: then every property is there."""
    struct = getattr(models, name, None) or getattr(stream, name)
    if struct.__struct_config__.omit_defaults:
        return schema
    properties = schema.get("properties")
    return {**schema, "required": sorted(properties)} if isinstance(properties, Mapping) else schema


_OWN: Mapping[str, Schema] = {
    "DryRun": {
        "type": "object",
        "required": ["spec", "limits", "explanation"],
        "properties": {
            "spec": ref("JobSpec"),
            "limits": {"type": "array", "items": ref("Limit")},
            "explanation": ref("Explanation"),
        },
    },
    "ErrorBody": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "hint"],
                "properties": {"code": _TEXT, "message": _TEXT, "hint": _TEXT},
            }
        },
    },
    "RunPatch": {"type": "object", "properties": {"name": _TEXT, "tags": _TEXTS}},
    "Submission": {"type": "object", "additionalProperties": False, "properties": SUBMISSION},
}


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
