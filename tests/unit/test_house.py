"""The house style that a machine can hold: budgets, docstrings, true ``__all__``, no leftovers, samples that load for ever."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from trackside import models
from trackside.models.stream import MediaChunk, ProgressMessage, ServerMessage
from trackside.tracking import read_meta
from trackside.tracking.folder import RunFolder
from trackside_server.domain.attempt import parse_attempt
from trackside_server.engine.index import row_of_folder

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SOURCES = sorted(path for root in ("ipy_ext", "server_ext") for path in (ROOT / root).rglob("*.py"))
_LONGEST_FILE = 500
_LONGEST_FUNCTION = 50
_LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP|pdb|breakpoint\(\))|pragma: no cover")
_VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
TREES = {path: ast.parse(path.read_bytes()) for path in SOURCES}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def _own_lines(node: Function) -> int:
    """The lines of a function from its ``def`` on, without its docstring."""
    documented = ast.get_docstring(node) is not None
    first = node.body[0]
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_there_is_something_to_hold() -> None:
    assert len(SOURCES) > 150


def test_no_file_is_longer_than_500_lines() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > _LONGEST_FILE} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    lengths = {
        f"{_name(path)}:{node.name}": _own_lines(node) for path, tree in TREES.items() for node in _functions(tree)
    }
    assert {name: lines for name, lines in lengths.items() if lines > _LONGEST_FUNCTION} == {}


def test_nothing_is_left_over() -> None:
    found = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if _LEFTOVER.search(line)
    ]
    assert found == []


def test_a_file_is_named_by_what_it_holds() -> None:
    assert [_name(path) for path in SOURCES if path.stem in _VAGUE] == []


def test_every_file_says_what_it_is_for() -> None:
    silent = [_name(path) for path, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def _public(tree: ast.Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from ((f"{node.name}.{each.name}", each) for each in _methods(node))


def _methods(node: ast.ClassDef) -> Iterator[Function]:
    return (
        each
        for each in node.body
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and not each.name.startswith("_")
    )


def test_everything_public_says_what_it_does_in_a_sentence() -> None:
    wrong = []
    for path, tree in TREES.items():
        for name, node in _public(tree):
            decorators = {getattr(each, "attr", getattr(each, "id", "")) for each in node.decorator_list}
            if decorators & {"overload", "setter", "override"}:
                continue
            first = (ast.get_docstring(node) or "").partition("\n\n")[0].strip()
            if not first or first[-1] not in ".:;?!)`":
                wrong.append(f"{_name(path)}: {name}: {first!r}")
    assert wrong == [], "\n".join(wrong)


def _all_of(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == "__all__" for each in node.targets
        ):
            listed: list[str] = ast.literal_eval(node.value)
            return listed
    return None


def _bound(tree: ast.Module) -> set[str]:
    """The names that a module binds at its top level, also within ``if`` and ``try``."""
    names: set[str] = set()
    for node in tree.body:
        for each in ast.walk(node) if isinstance(node, (ast.If, ast.Try)) else [node]:
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(each.name)
            elif isinstance(each, (ast.Import, ast.ImportFrom)):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in each.names}
            elif isinstance(each, ast.Assign):
                names |= {name.id for target in each.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                names.add(each.target.id)
    return names


def test_all_is_true_and_each_name_in_it_stands_once() -> None:
    wrong = []
    for path, tree in TREES.items():
        listed = _all_of(tree)
        lazy = "__getattr__" in _bound(tree)
        if listed is not None and (len(set(listed)) != len(listed) or (not lazy and set(listed) - _bound(tree))):
            wrong.append(f"{_name(path)}: {sorted(set(listed) - _bound(tree)) or 'a name twice'}")
    assert wrong == [], "\n".join(wrong)


def test_what_is_imported_from_a_module_stands_in_its_all() -> None:
    listed = {_module(path): _all_of(tree) for path, tree in TREES.items()}
    modules = set(listed)
    wrong = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or node.module not in modules:
                continue
            allowed = listed[node.module]
            for alias in node.names:
                if f"{node.module}.{alias.name}" in modules or alias.name.startswith("__"):
                    continue
                if alias.name.startswith("_") or (allowed is not None and alias.name not in allowed):
                    wrong.append(f"{_name(path)} imports {alias.name} from {node.module}")
    assert wrong == [], "\n".join(wrong)


# What was written once is read for ever


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run folder as the first version left it."""
    folder = RunFolder(tmp_path / "job-41")
    folder.create()
    folder.meta.write_bytes((DATA / "meta_0001.json").read_bytes())
    folder.config.write_text('{"lr": 0.1}')
    return folder


def test_a_job_json_of_the_first_version_is_a_spec() -> None:
    written = json.loads((DATA / "job_0001.json").read_bytes())
    fields = {key: value for key, value in written.items() if key not in {"id", "uuid", "home_id", "created_at"}}
    spec = msgspec.convert(fields, models.JobSpec)
    assert (written["id"], spec.kind, spec.format) == ("job-41", "cell", 1)
    assert (spec.gpus, spec.memory, spec.time) == (models.GpuRequest(2, "a100"), 8 << 30, 9000)
    assert (spec.secrets, spec.environment, spec.outputs) == (["KEY"], ["HOME", "PATH"], ["model"])


def test_an_attempt_of_the_first_version_is_a_record() -> None:
    record = parse_attempt((DATA / "attempt_0001.json").read_bytes())
    assert record.format == 1
    assert record.exit is not None


def test_a_meta_json_of_the_first_version_is_a_run(run: RunFolder) -> None:
    meta = read_meta(run.path)
    assert (meta["run_id"], meta["status"]) == ("job-41", "failed")
    row = row_of_folder(run)
    assert row is not None
    assert (row.id, row.name, row.tags, row.reason) == (
        "job-41",
        "baseline",
        ("paper", "v1"),
        models.Reason("exit_code", "ended with exit code 3"),
    )
    assert (row.summary, row.config, row.duration_seconds) == ({"best": 0.25, "worst": "NaN"}, {"lr": 0.1}, 12.5)


@pytest.mark.parametrize("kind", ["job", "job_deleted", "run"])
def test_an_event_of_the_first_version_is_an_event(kind: str) -> None:
    lines = (DATA / "events_0001.jsonl").read_bytes().splitlines()
    events = [msgspec.json.decode(line, type=models.Event) for line in lines]
    found = next(event for event in events if event.__struct_config__.tag == kind)
    assert found.id > 0
    assert found.at.tzinfo is not None
    if isinstance(found, models.JobChanged):
        assert (found.job.id, found.job.status, found.job.spec.command) == ("job-41", "running", ["python", "train.py"])


def test_the_messages_of_the_first_version_are_messages() -> None:
    lines = (DATA / "stream_0001.jsonl").read_bytes().splitlines()
    kinds = [msgspec.json.decode(line, type=ServerMessage).__struct_config__.tag for line in lines]
    assert kinds == ["subscribed", "event", "log", "truncated", "metrics", "progress", "system", "done", "error"]


def test_the_messages_of_the_second_version_are_messages() -> None:
    media, progress = (
        msgspec.json.decode(line, type=ServerMessage) for line in (DATA / "stream_0002.jsonl").read_bytes().splitlines()
    )
    assert isinstance(media, MediaChunk)
    assert isinstance(progress, ProgressMessage)
    assert (media.records[0].key, media.records[0].width, progress.label) == ("val/sample", 28, "epoch")
