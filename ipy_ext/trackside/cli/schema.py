"""Describe every verb as data: what it takes, the JSON that it answers, the exit codes; for programs and agents."""

from __future__ import annotations

import argparse
from typing import Any

from trackside.cli.answers import Argument, Described, answer_types
from trackside.cli.terminal import Terminal
from trackside.errors import NotFound, near

__all__ = ["add_arguments", "described", "run"]

_EVERYWHERE = ("json", "url", "token", "ca_cert", "client_cert", "client_key")
_EXITS = {
    "0": "ok", "1": "error", "2": "usage", "3": "invalid input", "4": "not found", "5": "not allowed",
    "6": "try again", "130": "interrupted",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what schema takes."""
    parser.add_argument("only", nargs="?", metavar="VERB", help="this verb alone")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Describe all verbs, or one; without ``--json`` the same, indented."""
    import json

    found = described(arguments.only)
    terminal.answer(found, json.dumps(found, indent=2))


def described(only: str | None = None) -> Described:
    """Return the description of the program, or of one verb, made from its own parser and models.

    Raises NotFound for a verb that there is not.
    """
    import msgspec

    from trackside.cli.program import parser
    from trackside.models.any_value import any_value

    types = answer_types()
    if only is not None and only not in types:
        raise NotFound(f"{only!r} is not a verb of trackside.", hint=near(only, types))
    types = types if only is None else {only: types[only]}
    kinds = [(name, kind) for name, several in types.items() for kind in several]
    schemas, definitions = msgspec.json.schema_components(
        [kind for _, kind in kinds], schema_hook=any_value, ref_template="#/definitions/{name}"
    )
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in types}
    for (name, _), schema in zip(kinds, schemas, strict=True):
        answers[name].append(schema)
    top = parser()
    (verbs,) = (
        action for action in top._actions if isinstance(action, argparse._SubParsersAction)
    )  # argparse says it nowhere else
    summaries = {each.dest: each.help or "" for each in verbs._choices_actions}
    return {
        "envelope": {"data": "what the verb answers, or null", "error": "null, or code, message and hint"},
        "exit_codes": _EXITS,
        "options": [_argument(action) for action in top._actions if action.dest in _EVERYWHERE],
        "verbs": [
            {
                "name": name,
                "summary": summaries[name],
                "usage": " ".join(each.format_usage().removeprefix("usage: ").split()),
                "arguments": [
                    _argument(action) for action in each._actions if action.dest not in ("help", *_EVERYWHERE)
                ],
                "answer": answers[name][0] if len(answers[name]) == 1 else {"anyOf": answers[name]},
            }
            for name, each in verbs.choices.items()
            if name in types
        ],
        "definitions": definitions,
    }


def _argument(action: argparse.Action) -> Argument:
    flags = list(action.option_strings)
    return {
        "name": action.dest,
        "flags": flags,
        "help": action.help or "",
        "many": action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction),
        "required": action.required if flags else action.nargs not in ("?", "*"),
        "choices": None if action.choices is None else [str(choice) for choice in action.choices],
        "switch": bool(flags) and action.nargs == 0,
    }
