"""What clients send, as JSON Schema: the fields of a submission, and the bodies of the other requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

__all__ = [
    "BODIES",
    "BOOLEAN",
    "BYTES",
    "INTEGER",
    "MAP",
    "NUMBER",
    "REF",
    "SIZE",
    "SUBMISSION",
    "TEXT",
    "TEXTS",
    "TIME",
    "Schema",
    "ref",
]

Schema: TypeAlias = Mapping[str, object]

REF = "#/components/schemas/{name}"
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
BYTES: Schema = {"type": "string", "format": "binary"}
SIZE: Schema = {"type": ["integer", "string"], "description": "Bytes, or a size such as '8G'."}
TIME: Schema = {"type": ["number", "string"], "description": "Seconds, or a time such as '2h30m'."}
MAP: Schema = {"type": "object", "additionalProperties": TEXT}

SUBMISSION: Mapping[str, Schema] = {
    "command": {"oneOf": [TEXTS, TEXT], "description": "Arguments, or one string for the shell."},
    "cell": {**TEXT, "description": "Source of a notebook cell; IPython syntax is allowed."},
    "script": {**TEXT, "description": "Absolute path of a Python file."},
    "notebook": {**TEXT, "description": "Absolute path of a notebook."},
    "function": {**TEXT, "description": "Qualified name of a function pickled in the staging folder."},
    "args": TEXTS,
    "name": TEXT,
    "tags": TEXTS,
    "config": {"type": "object", "additionalProperties": True},
    "gpus": {"type": ["number", "string"], "description": "2, 0.5, 'a100', 'a100:2' or '2xa100'."},
    "gpu_memory": SIZE,
    "cpus": NUMBER,
    "memory": SIZE,
    "time": TIME,
    "cores": {
        "oneOf": [TEXT, {"type": "array", "items": INTEGER}],
        "description": "Numbers of the cores that the job is pinned to: '0-3', '0,2' or [0, 2].",
    },
    "max_iops": INTEGER,
    "max_output": SIZE,
    "max_processes": INTEGER,
    "max_cost_per_hour": {**NUMBER, "description": "What an hour may cost by the site's prices."},
    "group": {**TEXT, "description": "What the job is one of; max_parallel counts these together."},
    "max_parallel": {**INTEGER, "description": "How many of its group may run at once."},
    "share_gpu": {**BOOLEAN, "description": "Start also on a GPU that kernels of notebooks use."},
    "at": {**TEXT, "description": "The earliest start: '18:30', 'tomorrow 06:00', '+2h' or an ISO date and time."},
    "after": {"oneOf": [TEXT, TEXTS], "description": "Jobs to wait for: '41', 'baseline:any', '41:failed'."},
    "retries": {**INTEGER, "description": "How often it is started again by itself after a failure."},
    "requeue": {**BOOLEAN, "description": "Start it again when the machine was restarted under it."},
    "notify": {**BOOLEAN, "description": "Tell of its end by the command or webhook of the server's settings."},
    "grace": NUMBER,
    "priority": INTEGER,
    "workdir": TEXT,
    "env": MAP,
    "environment": {**MAP, "description": "The submitter's whole environment; travels and rests like secrets."},
    "secrets": {**MAP, "description": "Values that are never written in clear nor answered."},
    "python": TEXT,
    "sys_path": TEXTS,
    "outputs": TEXTS,
    "params": {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        "description": "Values that a cell or a notebook gets by name.",
    },
    "uploads": {
        "oneOf": [
            {"type": "object", "additionalProperties": INTEGER},
            {"type": "array", "items": {"$ref": REF.format(name="Upload")}},
        ],
        "description": "Files below uploads/ of the staging folder, with their modes; the job runs among copies of them.",
    },
    "staging": TEXT,
}
"""What a submission may say, as ``trackside.models.fields`` reads it."""


def ref(name: str) -> Schema:
    """Return the reference to a component."""
    return {"$ref": REF.format(name=name)}


_RETRY: Mapping[str, Schema] = {
    name: SUBMISSION[name]
    for name in ("environment", "secrets", "gpus", "gpu_memory", "cpus", "cores", "memory", "time", "priority")
}
"""What may change at a retry."""

BODIES: Mapping[str, Schema] = {
    "ErrorBody": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "hint"],
                "properties": {"code": TEXT, "message": TEXT, "hint": TEXT},
            }
        },
    },
    "QueuePatch": {
        "type": "object",
        "properties": {
            "tag_limits": {
                "type": "object",
                "additionalProperties": {"type": ["integer", "null"]},
                "description": "How many jobs with a tag may run at once; null: as many as fit.",
            }
        },
    },
    "Retry": {"type": "object", "additionalProperties": False, "properties": _RETRY},
    "Move": {
        "type": "object",
        "additionalProperties": False,
        "required": ["before"],
        "properties": {
            "before": {"type": ["string", "null"], "description": "The job that comes right after it; null: none does."}
        },
    },
    "Retention": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "older_than": {**TIME, "description": "Those that ended longer ago."},
            "keep": {**INTEGER, "description": "The newest so many stay, whatever else is asked."},
            "max_size": {**SIZE, "description": "The oldest, until all runs together take no more."},
            "status": {**TEXT, "description": "Only those that ended so; commas between."},
            "tag": {**TEXT, "description": "Only those with this tag; those with the tag `keep` never go."},
            "dry_run": {**BOOLEAN, "description": "True unless said: delete nothing."},
        },
    },
    "RunPatch": {"type": "object", "properties": {"name": TEXT, "tags": TEXTS}},
    "Submission": {"type": "object", "additionalProperties": False, "properties": SUBMISSION},
}
