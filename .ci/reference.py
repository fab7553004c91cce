"""Write ``docs/reference/``: Python from docstrings, the terminal from its own parser, REST from the OpenAPI file.

``python .ci/reference.py [--check]``; with ``--check`` it only says whether the pages are out of date.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trackside
from trackside import errors
from trackside.cli.answers import Argument
from trackside.cli.schema import described
from trackside.client import Client
from trackside.tracking import Run

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
OPENAPI = Path(__file__).resolve().parent.parent / "server_ext" / "trackside_server" / "openapi.json"
_FUNCTIONS = (
    "submit", "sweep", "map", "invoke", "on", "job", "wait", "as_completed", "init", "log", "progress",
)  # fmt: skip
_LONG = 100
_PARTS = ("jobs", "runs", "queue", "monitoring")


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; 1 when they are out of date."""
    pages = {"python.md": python(), "terminal.md": terminal(), "rest.md": rest()}
    stale = [name for name, text in pages.items() if _read(FOLDER / name) != text]
    if "--check" in arguments:
        if stale:
            sys.stderr.write(f"docs/reference is out of date ({', '.join(stale)}). Run: make types\n")
        return int(bool(stale))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (FOLDER / name).write_text(text)
    return 0


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def python() -> str:
    """Everything public of ``import trackside``."""
    lines = ["# Python", "", "Made from the docstrings. `AsyncClient` has the same names as `Client`, awaited.", ""]
    lines += ["## Functions", ""]
    for name in _FUNCTIONS:
        lines += _entry(f"trackside.{name}", getattr(trackside, name))
    lines += ["## Job", "", *_class(trackside.Job), "## Run", "", *_class(Run)]
    client = Client("http://127.0.0.1:1/", "t")
    lines += ["## Client", "", *_class(Client)]
    for part in _PARTS:
        lines += [f"### client.{part}", "", *_class(type(getattr(client, part)), prefix=f"client.{part}.")]
    client.close()
    lines += ["## Errors", "", "```", *_tree(errors.TracksideError), "```", ""]
    for kind in _subclasses(errors.TracksideError):
        lines += [f"- `{kind.__name__}` (`{kind.default_code}`): {_first(kind)}"]
    return "\n".join(lines) + "\n"


def _class(kind: type, prefix: str = "") -> list[str]:
    found = [inspect.getdoc(kind) or "", ""]
    for name, member in vars(kind).items():
        if name.startswith("_") or not (callable(member) or isinstance(member, property)):
            continue
        if isinstance(member, property):
            found += [f"`{prefix}{name}`", "", f": {_flat(inspect.getdoc(member))}", ""]
        else:
            found += _entry(prefix + name, member)
    return found


def _entry(name: str, function: Any) -> list[str]:
    try:
        signature = _signature(function)
    except ValueError:
        signature = "(…)"
    return ["```python", f"{name}{signature}", "```", "", inspect.getdoc(function) or "", ""]


def _signature(function: Any) -> str:
    """The signature as it is written, a line for each parameter where one line would be long."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))
    text = text.replace("(self, ", "(").replace("(self)", "()")
    if len(text) <= _LONG:
        return text
    inside, _, answer = text[1:].rpartition(") -> ")
    return "(\n" + "".join(f"    {each},\n" for each in re.split(r", (?=\*|\w+:)", inside)) + f") -> {answer}"


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())


def _first(kind: type) -> str:
    return _flat((inspect.getdoc(kind) or "").split("\n\n")[0])


def _subclasses(kind: type) -> Iterator[Any]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _subclasses(below)


def _tree(kind: type, level: int = 0) -> Iterator[str]:
    yield "    " * level + kind.__name__
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _tree(below, level + 1)


def terminal() -> str:
    """Every verb with its options."""
    found = described()
    lines = [
        "# In a terminal",
        "",
        "`trackside --json schema` says the same to a program, with the JSON that each verb answers.",
        "",
    ]
    lines += ["Exit codes: " + ", ".join(f"{code} {said}" for code, said in found["exit_codes"].items()) + ".", ""]
    lines += ["Every verb takes:", "", *map(_argument, found["options"]), ""]
    for verb in found["verbs"]:
        lines += [f"## trackside {verb['name']}", "", verb["summary"], "", *map(_argument, verb["arguments"]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _argument(argument: Argument) -> str:
    written = ", ".join(f"`{flag}`" for flag in argument["flags"]) or f"`{argument['name'].upper()}`"
    choices = f" ({', '.join(argument['choices'])})" if argument["choices"] else ""
    return f"- {written}{' …' * argument['many']}: {argument['help'].replace('%%', '%')}{choices}"


def rest() -> str:
    """Every route with its parameters and answers."""
    document = json.loads(OPENAPI.read_text())
    lines = ["# REST", "", "Below `<base_url>trackside/api/v1/`, with Jupyter's own sign-in. Errors are"]
    lines += ['`{"error": {"code", "message", "hint"}}`. The whole description is `openapi.json` of the package.', ""]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += [f"## {method.upper()} {path}", "", f"{operation['summary']}.", ""]
            lines += [_parameter(each) for each in operation["parameters"] if each["in"] != "path"]
            answers = [
                f"{code} {said['description']}" for code, said in operation["responses"].items() if code.isdigit()
            ]
            lines += [f"- answers: {'; '.join(answers)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _parameter(parameter: dict[str, Any]) -> str:
    where = " (header)" if parameter["in"] == "header" else ""
    return f"- `{parameter['name']}`{where}: {parameter.get('description', '')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
